using System.Text;

namespace Suture.Build.Trees;

/// <summary>The include graph on disk: key, names, and for each file the numbers of its includers.</summary>
internal static class IncludeGraphFile
{
    private const int Version = 1;
    private const int MostFiles = 1_000_000;

    /// <summary>The stored graph, or null when there is none, or one of another kernel, version or damaged.</summary>
    public static (string[] Files, int[][] Includers)? TryRead(string path, byte[] key)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            using var reader = new BinaryReader(new MemoryStream(File.ReadAllBytes(path)), Encoding.UTF8);
            if (reader.ReadInt32() != Version || !reader.ReadBytes(key.Length).AsSpan().SequenceEqual(key))
            {
                return null;
            }
            var files = new string[Bounded(reader, MostFiles)];
            for (var i = 0; i < files.Length; i++)
            {
                files[i] = reader.ReadString();
            }
            var includers = new int[files.Length][];
            for (var i = 0; i < files.Length; i++)
            {
                var list = includers[i] = new int[Bounded(reader, files.Length)];
                for (int j = 0, previous = 0; j < list.Length; j++)
                {
                    list[j] = previous += reader.Read7BitEncodedInt();
                    ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)list[j], (uint)files.Length);
                }
            }
            return (files, includers);
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Writes it beside and renames it into place, as other builds may read meanwhile.</summary>
    public static void Write(string path, byte[] key, string[] files, int[][] includers)
    {
        var beside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        using (var writer = new BinaryWriter(File.Create(beside), Encoding.UTF8))
        {
            writer.Write(Version);
            writer.Write(key);
            writer.Write7BitEncodedInt(files.Length);
            foreach (var file in files)
            {
                writer.Write(file);
            }
            foreach (var list in includers)
            {
                writer.Write7BitEncodedInt(list.Length);
                var previous = 0;
                foreach (var includer in list)
                {
                    writer.Write7BitEncodedInt(includer - previous);
                    previous = includer;
                }
            }
        }
        File.Move(beside, path, overwrite: true);
    }

    private static int Bounded(BinaryReader reader, int most)
    {
        var value = reader.Read7BitEncodedInt();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)value, (uint)most);
        return value;
    }
}
