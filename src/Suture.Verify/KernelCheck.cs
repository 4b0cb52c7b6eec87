namespace Suture.Verify;

/// <summary>
/// What a module says of the kernel, against the kernel itself: that the kernel is the one meant, that each symbol exists where
/// the module says, that the position of each redirected function is that of the place where matching found it.
/// </summary>
internal static class KernelCheck
{
    public static void Run(RelocatableFile module, Manifest manifest, IRunningKernel kernel, CheckReport report)
    {
        report.Expect("kernel", kernel.Release == manifest.Release && kernel.BuildId == manifest.BuildId,
            () => $"made for {manifest.Release} (build-id {manifest.BuildId}); this kernel is {kernel.Release} (build-id {kernel.BuildId})");
        foreach (var replacement in manifest.Replacements)
        {
            CheckPlace(replacement.Object, [replacement.Name], replacement.SymPos, replacement.Place, kernel, report);
        }
        foreach (var symbol in manifest.Running.Where(s => s.SymPos >= 0 && s.Object.Length > 0))
        {
            CheckPlace(symbol.Object, symbol.Names, symbol.SymPos, symbol.Place, kernel, report);
        }
        new HandedOutAddresses(module, kernel, report).Run();
        var versions = SymbolVersions.Of(module);
        foreach (var symbol in module.Symbols)
        {
            if (symbol is { Place: SymbolPlace.Undefined, Name.Length: > 0 })
            {
                CheckExport(symbol.Name, versions, kernel, report);
            }
            else if (symbol.Place == SymbolPlace.Livepatch)
            {
                CheckLivepatch(symbol.Name, kernel, report);
            }
        }
    }

    /// <summary>The rank of <paramref name="place"/> among the symbols of its name is the position.</summary>
    private static void CheckPlace(string owner, IReadOnlyList<string> names, int position, string place, IRunningKernel kernel, CheckReport report)
    {
        var ranks = names.SelectMany(name => PlacesOf(owner, name, kernel)).ToList();
        report.Expect("kernel", names.Any(name =>
        {
            var places = PlacesOf(owner, name, kernel);
            return place.Length == 0 ? IsPossible(position, places.Count)
                : position == 0 ? places is [var only] && only == place
                : position > 0 && position <= places.Count && places[position - 1] == place;
        }), () => $"'{names[0]}' of {owner}: number {position} of {ranks.Count} is not what lies at {place}");
    }

    private static List<string> PlacesOf(string owner, string name, IRunningKernel kernel) => owner == "vmlinux"
        ? [.. kernel.Find(name).Select(s => RunningPlaces.Hex(s.Address))]
        : [.. RunningPlaces.InModule(owner, name, kernel).Select(RunningPlaces.PlaceOf)];

    private static bool IsPossible(int position, int count) => position <= 0 ? count == 1 : position <= count;

    private static void CheckLivepatch(string text, IRunningKernel kernel, CheckReport report)
    {
        var symbol = LivepatchName.Parse(text);
        report.Expect("kernel", symbol is not null && IsPossible(symbol.SymPos, PlacesOf(symbol.Object, symbol.Name, kernel).Count),
            () => symbol is null ? $"'{text}' is not of the form .klp.sym.OBJECT.NAME,POSITION"
                : $"'{symbol.Name}',{symbol.SymPos}: {symbol.Object} has {PlacesOf(symbol.Object, symbol.Name, kernel).Count} of that name");
    }

    private static void CheckExport(string name, Dictionary<string, uint> versions, IRunningKernel kernel, CheckReport report)
    {
        var export = kernel.Export(name);
        report.Expect("kernel", export is { Owner: "vmlinux" }, () => $"'{name}' is not exported by vmlinux");
        report.Expect("kernel", export is null || !versions.TryGetValue(name, out var crc) || crc == export.Value.Crc,
            () => $"'{name}': __versions has another checksum than the kernel");
    }
}
