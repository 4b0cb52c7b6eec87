namespace Suture.Build.Compile;

/// <summary>
/// What of a preprocessed unit the compiler makes code of. Inline functions and prototypes that nothing else mentions
/// leave no trace in the object; everything else counts. Two preprocessings of a unit with the same
/// <see cref="Digest"/> compile to the same code, whatever else differs in their headers.
/// </summary>
internal static class LiveCode
{
    /// <summary>One number for the ordered text of all that counts.</summary>
    public static ulong Digest(ReadOnlySpan<byte> preprocessed)
    {
        var declarations = DeclarationReader.Read(preprocessed);
        var byName = new Dictionary<ulong, List<int>>();
        var live = new bool[declarations.Count];
        var todo = new Stack<int>();
        for (var i = 0; i < declarations.Count; i++)
        {
            if (declarations[i].DroppableName is { } name)
            {
                (byName.TryGetValue(name, out var list) ? list : byName[name] = []).Add(i);
            }
            else
            {
                live[i] = true;
                todo.Push(i);
            }
        }
        while (todo.TryPop(out var i))
        {
            foreach (var mention in declarations[i].Mentions)
            {
                // All declarations of a name live or die together: taken out once mentioned.
                if (byName.Remove(mention, out var found))
                {
                    foreach (var declaration in found)
                    {
                        live[declaration] = true;
                        todo.Push(declaration);
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
