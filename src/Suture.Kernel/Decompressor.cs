using System.ComponentModel;
using System.Diagnostics;
using System.IO.Compression;

namespace Suture.Kernel;

/// <summary>Decompresses what kernels and modules are packed with, told by its first bytes. xz and zstd are done by their programs.</summary>
internal static class Decompressor
{
    /// <summary>The program and arguments for a format, by magic, or null when it is not known.</summary>
    private static (string Program, string[] Arguments, string Package)? FindProgram(ReadOnlySpan<byte> head) => head switch
    {
        [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => ("xz", ["-dc", "--single-stream"], "xz-utils"),
        // Kernel images are packed with a window larger than zstd takes unasked.
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", ["-dcq", "--long=31"], "zstd"),
        _ => null,
    };

    /// <summary>Decompresses all of <paramref name="input"/>; <paramref name="name"/> is used in messages.</summary>
    /// <exception cref="KernelException">Unknown format, damaged data, or more than <paramref name="maxBytes"/> come out.</exception>
    public static byte[] Run(Stream input, string name, int maxBytes)
    {
        var head = new byte[8];
        var headLength = input.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        input.Position -= headLength;
        try
        {
            if (head is [0x1f, 0x8b, ..])
            {
                using var gzip = new GZipStream(input, CompressionMode.Decompress, leaveOpen: true);
                return ReadBounded(gzip, name, maxBytes);
            }
            if (head.AsSpan().StartsWith(Lz4Legacy.Magic))
            {
                return Lz4Legacy.Decode(ReadBounded(input, name, maxBytes), maxBytes);
            }
        }
        catch (InvalidDataException e)
        {
            throw Damaged(name, e.Message);
        }
        return FindProgram(head) is { } format
            ? RunProgram(format, input, name, maxBytes)
            : throw new KernelException($"{name}: compressed in a way that is not known here (it starts with {Convert.ToHexStringLower(head.AsSpan(0, headLength))})",
                "xz, zstd, gzip and lz4 are understood; the file may be damaged", KernelFault.Broken);
    }

    private static byte[] RunProgram((string Program, string[] Arguments, string Package) format, Stream input, string name, int maxBytes)
    {
        var start = new ProcessStartInfo(format.Program, format.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new KernelException($"cannot run {format.Program}: {e.Message}", $"apt install {format.Package}", KernelFault.Tool, e);
        }
        using (process)
        {
            try
            {
                var feeding = Task.Run(() => Feed(input, process.StandardInput.BaseStream));
                var complaint = process.StandardError.ReadToEndAsync();
                var output = ReadBounded(process.StandardOutput.BaseStream, name, maxBytes);
                feeding.Wait();
                process.WaitForExit();
                return process.ExitCode == 0 ? output : throw Damaged(name, complaint.Result.Trim());
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
    }

    private static void Feed(Stream input, Stream output)
    {
        try
        {
            input.CopyTo(output);
        }
        catch (IOException)
        {
            // The program stopped reading: its exit code and words say why.
        }
        finally
        {
            try
            {
                output.Dispose();
            }
            catch (IOException)
            {
                // As above: what was still buffered had no reader.
            }
        }
    }

    private static byte[] ReadBounded(Stream stream, string name, int maxBytes)
    {
        using var output = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (output.Length + read > maxBytes)
            {
                throw Damaged(name, $"more than {maxBytes >> 20} MiB come out");
            }
            output.Write(buffer, 0, read);
        }
        return output.ToArray();
    }

    private static KernelException Damaged(string name, string fault) =>
        new($"{name}: cannot be decompressed: {fault}", "the file is damaged or cut off: fetch or make it again", KernelFault.Broken);
}
