using System.Runtime.InteropServices;

namespace Suture.Build.Compile;

/// <summary>
/// What of a preprocessed unit the compiler makes code of. Inline functions, prototypes, types, constants of enums and variables of
/// elsewhere that nothing else mentions leave no trace in the object; everything else counts. Two preprocessings of a unit with the same
/// <see cref="Digest"/> compile to the same code, whatever else differs in their headers.
/// </summary>
internal static class LiveCode
{
    /// <summary>Digests that are kept say nothing to rules other than those they were made by.</summary>
    public const string Rules = "live-2";

    /// <summary>One number for the ordered text of all that counts.</summary>
    public static ulong Digest(ReadOnlySpan<byte> preprocessed)
    {
        var read = DeclarationReader.Read(preprocessed);
        var declarations = CollectionsMarshal.AsSpan(read.All);
        var names = CollectionsMarshal.AsSpan(read.Names);
        // By name, the last declaration that has it; by its place in the list of names, the declaration and the one before that has the same.
        var last = new Dictionary<ulong, int>(names.Length);
        var (owners, before) = (new int[names.Length], new int[names.Length]);
        var live = new bool[declarations.Length];
        var todo = new Stack<int>();
        for (var i = 0; i < declarations.Length; i++)
        {
            for (var n = declarations[i].Names.Start.Value; n < declarations[i].Names.End.Value; n++)
            {
                (owners[n], before[n]) = (i, last.GetValueOrDefault(names[n], -1));
                last[names[n]] = n;
            }
            if (declarations[i].CountsAnyway)
            {
                live[i] = true;
                todo.Push(i);
            }
        }
        while (todo.TryPop(out var i))
        {
            foreach (var mention in CollectionsMarshal.AsSpan(read.Mentions)[declarations[i].Mentions])
            {
                // All declarations of a name live or die together: taken out once mentioned.
                for (var n = last.Remove(mention, out var found) ? found : -1; n >= 0; n = before[n])
                {
                    if (!live[owners[n]])
                    {
                        live[owners[n]] = true;
                        todo.Push(owners[n]);
                    }
                }
            }
        }
        var digest = TokenHash.Start;
        for (var i = 0; i < live.Length; i++)
        {
            digest = live[i] ? TokenHash.Add(digest, declarations[i].Hash) : digest;
        }
        return digest;
    }
}
