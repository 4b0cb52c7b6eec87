using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Suture.Module;

/// <summary>
/// The seal of a module file: its length in bytes (8, little-endian) and the SHA-256 of the file with the seal itself zeroed (32). It
/// covers everything but a signature appended later. It tells a damaged file, not a forged one: that is what signatures are for.
/// </summary>
public static class ModuleSeal
{
    /// <summary>Length of a seal.</summary>
    public const int Bytes = 40;

    /// <summary>Writes the seal into <paramref name="file"/>, which has room for it at <paramref name="offset"/>.</summary>
    public static void Write(Span<byte> file, int offset)
    {
        var seal = file.Slice(offset, Bytes);
        seal.Clear();
        var digest = SHA256.HashData(file);
        BinaryPrimitives.WriteInt64LittleEndian(seal, file.Length);
        digest.CopyTo(seal[8..]);
    }

    /// <summary>
    /// What is wrong with <paramref name="file"/>, null when nothing is. <paramref name="contentLength"/> is its length without an appended
    /// signature.
    /// </summary>
    public static string? Fault(ReadOnlySpan<byte> file, int offset, int contentLength)
    {
        if (offset > contentLength - Bytes)
        {
            return "its note lies in what should be a signature";
        }
        var length = BinaryPrimitives.ReadInt64LittleEndian(file[offset..]);
        if (length != contentLength)
        {
            return $"it has {contentLength} bytes and was built with {length}";
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(file[..offset]);
        hash.AppendData(new byte[Bytes]);
        hash.AppendData(file[(offset + Bytes)..contentLength]);
        return hash.GetHashAndReset().AsSpan().SequenceEqual(file.Slice(offset + 8, Bytes - 8)) ? null : "its content is not what was built (the checksum differs)";
    }
}
