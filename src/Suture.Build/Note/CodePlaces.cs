namespace Suture.Build.Note;

/// <summary>Ranges of code, by address, that a running kernel may have changed.</summary>
internal sealed class CodePlaces
{
    private readonly List<(ulong Address, int Length)> _places = [];
    private bool _sorted;

    public void Add(ulong address, int length)
    {
        _places.Add((address, length));
        _sorted = false;
    }

    /// <summary>Those that begin in the <paramref name="size"/> bytes at <paramref name="start"/>, as offsets from there, cut at its end.</summary>
    public IEnumerable<(int Offset, int Length)> Within(ulong start, int size)
    {
        if (!_sorted)
        {
            _places.Sort();
            _sorted = true;
        }
        var index = _places.BinarySearch((start, 0));
        for (var i = index < 0 ? ~index : index; i < _places.Count && _places[i].Address - start < (ulong)size; i++)
        {
            var offset = (int)(_places[i].Address - start);
            yield return (offset, Math.Min(_places[i].Length, size - offset));
        }
    }
}
