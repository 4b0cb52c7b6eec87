using System.Buffers.Binary;
using System.Text;
using Suture.Elf;

namespace Suture.Module;

/// <summary>What is wrong with a module file.</summary>
public enum ModuleFault
{
    /// <summary>It is truncated, damaged, or was changed after it was built.</summary>
    Damaged,
    /// <summary>It is a module, but no livepatch.</summary>
    NotLivepatch,
    /// <summary>It is a livepatch that says nothing about itself that can be checked: not built by Suture, or by a newer one.</summary>
    NotOurs,
}

/// <summary>A module file that is not a livepatch in good order.</summary>
public sealed class ModuleFileException(ModuleFault fault, string message, string advice) : Exception(message)
{
    /// <summary>What kind of fault.</summary>
    public ModuleFault Fault => fault;

    /// <summary>What to do about it.</summary>
    public string Advice => advice;
}

/// <summary>A livepatch module file, found undamaged, and what it says about itself.</summary>
public sealed class LivepatchFile
{
    private const string NotBuiltBySuture = "give a module that suture build made";
    private static ReadOnlySpan<byte> SignatureMagic => "~Module signature appended~\n"u8;

    private LivepatchFile(LivepatchNote note, bool isSigned, byte[] noteBytes)
    {
        Note = note;
        IsSigned = isSigned;
        NoteBytes = noteBytes;
    }

    /// <summary>What it says about itself.</summary>
    public LivepatchNote Note { get; }

    /// <summary>Whether a signature is appended. Whether it is good only the kernel can tell, which has the keys.</summary>
    public bool IsSigned { get; }

    /// <summary>Its note section, byte for byte: what /sys/module/NAME/notes shows when this very file is loaded.</summary>
    public ReadOnlyMemory<byte> NoteBytes { get; }

    /// <summary>Reads <paramref name="bytes"/>; <paramref name="name"/> is used in messages.</summary>
    /// <exception cref="ModuleFileException">It is damaged, not a livepatch, or not one of Suture's.</exception>
    public static LivepatchFile Read(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ElfObject module;
        try
        {
            module = ElfObject.Read(bytes, name);
        }
        catch (ElfFormatException e)
        {
            throw Damaged(e.Message);
        }
        var info = Encoding.UTF8.GetString(module.FindSection(".modinfo")?.Data ?? []).Split('\0');
        if (info.Length <= 1)
        {
            throw new ModuleFileException(ModuleFault.NotLivepatch, $"{name} is not a kernel module: it has no .modinfo", NotBuiltBySuture);
        }
        var noteBytes = module.FindSection(NoteSection.Name)?.Data ?? [];
        if (!Array.Exists(info, i => i is "livepatch=Y" or "livepatch=y"))
        {
            // A flipped bit in .modinfo is damage; the seal tells.
            CheckSeal(bytes, noteBytes, name);
            throw new ModuleFileException(ModuleFault.NotLivepatch, $"{name} is a kernel module, but not a livepatch: its .modinfo does not say livepatch=Y", NotBuiltBySuture);
        }
        if (noteBytes.Length == 0)
        {
            throw new ModuleFileException(ModuleFault.NotOurs, $"{name} has no {NoteSection.Name}: it was not built by Suture, so nothing it does can be checked", NotBuiltBySuture);
        }
        CheckSeal(bytes, noteBytes, name);
        if (LivepatchNote.FromJson(NoteSection.Description(noteBytes), out var fault) is not { } note)
        {
            throw new ModuleFileException(ModuleFault.NotOurs, $"{name}: its {NoteSection.Name} cannot be read: {fault}", NotBuiltBySuture);
        }
        if (Array.Find(info, i => i.StartsWith("name=", StringComparison.Ordinal)) is { } own && own["name=".Length..] != note.Module)
        {
            throw Damaged($"{name}: .modinfo says {own}, its note says {note.Module}");
        }
        return new LivepatchFile(note, SignatureLength(bytes) > 0, noteBytes);
    }

    /// <summary>Writes the seal into the finished module <paramref name="bytes"/>, which has a note; nothing may change it afterwards but a signature behind it.</summary>
    /// <exception cref="ArgumentException">It has no note with room for a seal.</exception>
    public static void Seal(byte[] bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var note = ElfObject.Read(bytes, name).FindSection(NoteSection.Name)?.Data ?? [];
        var at = NoteSection.SealOffset(note) ?? throw new ArgumentException($"{name} has no {NoteSection.Name} to be sealed", nameof(bytes));
        ModuleSeal.Write(bytes, bytes.AsSpan().IndexOf(note) + at);
    }

    private static void CheckSeal(byte[] bytes, byte[] noteBytes, string name)
    {
        if (noteBytes.Length == 0)
        {
            return;
        }
        if (NoteSection.SealOffset(noteBytes) is not { } sealAt)
        {
            throw Damaged($"{name}: its {NoteSection.Name} has no seal");
        }
        // The section's place in the file: its bytes occur there once, since they hold a digest of everything else.
        var at = bytes.AsSpan().IndexOf(noteBytes);
        if ((at < 0 ? "its note is not in it" : ModuleSeal.Fault(bytes, at + sealAt, bytes.Length - SignatureLength(bytes))) is { } fault)
        {
            throw Damaged($"{name} is damaged: {fault}");
        }
    }

    /// <summary>
    /// Length of an appended signature with its trailer (include/linux/module_signature.h: struct module_signature, 12 bytes that end with
    /// the signature's length as a big-endian word, then the magic string); 0 when there is none.
    /// </summary>
    private static int SignatureLength(ReadOnlySpan<byte> file)
    {
        const int trailer = 12;
        if (!file.EndsWith(SignatureMagic) || file.Length < SignatureMagic.Length + trailer)
        {
            return 0;
        }
        var length = (long)BinaryPrimitives.ReadUInt32BigEndian(file[^(SignatureMagic.Length + 4)..]) + trailer + SignatureMagic.Length;
        return length <= file.Length ? (int)length : 0;
    }

    private static ModuleFileException Damaged(string message) =>
        new(ModuleFault.Damaged, message, "the file was truncated or changed after it was built: copy it again from where it was built");
}
