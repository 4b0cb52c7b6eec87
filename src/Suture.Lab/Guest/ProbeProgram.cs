using System.Text;

namespace Suture.Lab.Guest;

/// <summary>What a probe needs to run in the guest: it may be a script or a program.</summary>
internal static class ProbeProgram
{
    private static readonly string[] Shells = ["/bin/sh", "/bin/ash", "/bin/dash"];

    /// <summary>
    /// The program files of this machine that must be in the guest for <paramref name="path"/> to run: itself when it is
    /// a program, its interpreter when it is a script for another one than the guest's shell.
    /// </summary>
    /// <exception cref="LabInputException">It is neither.</exception>
    public static IReadOnlyList<string> Needs(string path)
    {
        var head = new byte[256];
        int count;
        using (var file = File.OpenRead(path))
        {
            count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }
        if (head.AsSpan(0, count).StartsWith("\u007fELF"u8))
        {
            return [path];
        }
        if (!head.AsSpan(0, count).StartsWith("#!"u8))
        {
            throw new LabInputException(LabInputFault.Unusable, $"{path} is neither a program nor a script that begins with #!",
                "begin a shell script with #!/bin/sh");
        }
        var words = Encoding.UTF8.GetString(head, 2, count - 2).Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var interpreter = words is [] ? "" : words[0];
        if (Shells.Contains(interpreter) || words is ["/usr/bin/env", "sh", ..])
        {
            return [];
        }
        return File.Exists(interpreter) && !interpreter.EndsWith("/env", StringComparison.Ordinal)
            ? [interpreter]
            : throw new LabInputException(LabInputFault.Unusable, $"{path} asks for the interpreter '{string.Join(' ', words)}', which the guest cannot have",
                "write the probe for #!/bin/sh (busybox runs it) or compile it");
    }
}
