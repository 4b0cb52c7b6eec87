using System.Text;
using Suture.Build.Patches;

namespace Suture.UnitTests.Patches;

/// <summary>Short forms for patches and trees written in a test.</summary>
internal static class PatchText
{
    public static byte[] Bytes(this string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(this byte[] bytes) => Encoding.UTF8.GetString(bytes);

    public static PatchSet Patch(params string[] texts) => PatchSet.Parse([.. texts.Select((t, i) => ($"p{i + 1}.patch", t.Bytes()))]);

    public static PatchApplication On(this PatchSet patches, params (string Path, string Text)[] tree) =>
        patches.Apply(path => tree.Where(f => f.Path == path).Select(f => f.Text.Bytes()).FirstOrDefault());

    /// <summary>Lines "1" to <paramref name="count"/>.</summary>
    public static string Numbers(int count) => string.Concat(Enumerable.Range(1, count).Select(i => $"{i}\n"));
}
