using System.Text;
using Shouldly;
using Suture.Build.Match;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Match;

/// <summary>A module's file says more than bytes: what it refers to, and which of its symbols are gone when it has begun to work.</summary>
public sealed class ModuleImageTests
{
    private const string Handler = "struct ops { void (*callback)(void); }; void handler(void);\n";

    [Theory]
    [InlineData("handler", MatchState.Identical)]
    [InlineData("0", MatchState.Mismatch)]
    public void A_reference_that_only_the_module_has_is_a_difference(string compiled, MatchState state)
    {
        var image = new ModuleImage("module", Object(Handler + "void set(struct ops *ops) { ops->callback = handler; }"));
        var unit = ObjectModel.Build(Object(Handler + $"void set(struct ops *ops) {{ ops->callback = {compiled}; }}"));
        image.Match(unit, asShipped: true).Functions[unit.Functions.Single()].State.ShouldBe(state);
    }

    [Theory]
    [InlineData(".init.text", ".text", null)]
    [InlineData(".text", ".init.text", 1)]
    [InlineData(".text.first", ".text", 2)]
    public void A_position_that_counts_initialisation_code_cannot_be_told(string first, string second, int? sympos)
    {
        const string unit = "__attribute__((noipa, used, section(\"SECTION\"))) static int twin(int a) { return a * FACTOR; }";
        string Source(string section, int factor) => unit.Replace("SECTION", section, StringComparison.Ordinal).Replace("FACTOR", factor.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var joined = Compile(Source(first, first == ".text" ? 5 : 3)) + ".ko";
        SampleObjects.Run("ld", "-r", "-o", joined, Compile(Source(first, first == ".text" ? 5 : 3)), Compile(Source(second, second == ".text" ? 5 : 3)));
        var image = new ModuleImage("module", ElfObject.ReadFile(joined));
        var model = ObjectModel.Build(Object(Source(".text", 5)));
        var place = image.Match(model, asShipped: true).Resolve(model.Functions.Single());
        (place?.SymPos).ShouldBe(sympos);
    }

    [Theory]
    [InlineData("static", false)]
    [InlineData("", true)]
    public void What_a_file_keeps_to_itself_is_no_other_files(string storage, bool isShown)
    {
        var image = new ModuleImage("module", Object($"__attribute__((noipa, used)) {storage} int only(int a) {{ return a * 3; }}"));
        (image.FindGlobal("only") is not null).ShouldBe(isShown);
        image.FindOnly("only").ShouldBe(new KernelSymbolReference("module", "only", 0));
    }

    private static ElfObject Object(string source) => ElfObject.ReadFile(Compile(source));

    private static string Compile(string source)
    {
        var file = SampleObjects.Save(Encoding.UTF8.GetBytes(source));
        SampleObjects.Run("gcc", "-O2", "-mcmodel=kernel", "-fno-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-x", "c", "-c", file, "-o", file + ".o");
        return file + ".o";
    }
}
