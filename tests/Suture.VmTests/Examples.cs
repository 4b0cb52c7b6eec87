using System.Diagnostics;
using System.Text.Json;
using Shouldly;

namespace Suture.VmTests;

/// <summary>The patches in examples/, as its index.json lists them.</summary>
internal sealed record Example(string Name, string Kind, JsonElement Entry)
{
    private static string Folder => Path.Combine(SutureProgram.Root, "examples");

    /// <summary>All of them.</summary>
    public static List<Example> All { get; } = [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "index.json"))).RootElement
        .EnumerateArray().Select(e => new Example(e.GetProperty("name").GetString()!, e.GetProperty("kind").GetString()!, e))];

    /// <summary>Path of the patch for <paramref name="series"/>, or null when there is none.</summary>
    public string? Patch(string series) => PathOf("patch", series);

    /// <summary>Path of the patch of the older livepatch that this one replaces, or null when there is none.</summary>
    public string? Replaces(string series) => PathOf("replaces", series);

    /// <summary>Directory of the module outside the kernel's tree that it patches, or null.</summary>
    public string? ModuleSource => Entry.TryGetProperty("moduleSource", out var path) ? Path.Combine(Folder, path.GetString()!) : null;

    private string? PathOf(string key, string series) => Entry.TryGetProperty(key, out var paths) && paths.TryGetProperty(series, out var path)
        ? Path.Combine(Folder, path.GetString()!)
        : null;

    /// <summary>Name of the livepatch made from it.</summary>
    public string LivepatchName => Name.Replace('-', '_');

    /// <summary>The probe as a program that runs in a guest: C sources are compiled, statically.</summary>
    public string Probe()
    {
        var path = Path.Combine(Folder, Entry.GetProperty("probe").GetString()!);
        if (!path.EndsWith(".c", StringComparison.Ordinal))
        {
            return path;
        }
        var program = Path.Combine(Directory.CreateTempSubdirectory("suture-probe-").FullName, Name);
        using var gcc = Process.Start("gcc-12", ["-O2", "-static", "-o", program, path]);
        gcc.WaitForExit();
        gcc.ExitCode.ShouldBe(0, $"{path} does not compile");
        return program;
    }
}
