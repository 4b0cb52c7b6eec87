using System.Diagnostics;
using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public sealed class CacheTests : IDisposable
{
    private readonly CacheLayout _layout = new(Directory.CreateTempSubdirectory("suture-cache-").FullName);

    public void Dispose() => Directory.Delete(_layout.Root, recursive: true);

    [Fact]
    public async Task OneHoldsTheLockTheOtherSaysThatItWaits()
    {
        var stop = TestContext.Current.CancellationToken;
        var path = Path.Combine(_layout.Root, "x", "lock");
        var reports = new Reports();
        var first = await CacheLock.TakeAsync(path, null, stop);
        var second = CacheLock.TakeAsync(path, reports, stop);
        await Task.Delay(300, stop);
        second.IsCompleted.ShouldBeFalse();
        first.Dispose();
        (await second).Dispose();
        reports.Stages.ShouldContain("waiting for another suture");
    }

    [Fact]
    public async Task TheLockHoldsBetweenProcesses()
    {
        var stop = TestContext.Current.CancellationToken;
        var path = Path.Combine(_layout.Root, "lock");
        using var other = Process.Start(new ProcessStartInfo("flock", [path, "sh", "-c", "echo held; read x"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        (await other.StandardOutput.ReadLineAsync(stop)).ShouldBe("held");
        var waiting = CacheLock.TakeAsync(path, null, stop);
        await Task.Delay(300, stop);
        waiting.IsCompleted.ShouldBeFalse();
        other.StandardInput.Close();
        (await waiting).Dispose();
    }

    [Fact]
    public async Task WaitingCanBeCancelled()
    {
        var path = Path.Combine(_layout.Root, "lock");
        using var held = await CacheLock.TakeAsync(path, null, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource(100);
        await Should.ThrowAsync<OperationCanceledException>(() => CacheLock.TakeAsync(path, null, stop.Token));
    }

    [Fact]
    public void OnlyWholeEntriesOfThisFormatAreThere()
    {
        var cache = new KernelCache(_layout);
        cache.Cached.ShouldBeEmpty();
        Write("6.1.0-2-amd64", KernelFacts.CurrentFormat);
        Write("6.1.0-10-amd64", KernelFacts.CurrentFormat);
        Write("6.1.0-3-amd64", KernelFacts.CurrentFormat - 1);
        Directory.CreateDirectory(_layout.Entry("6.1.0-4-amd64"));
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_layout.Entry("6.1.0-5-amd64")).FullName, KernelFacts.FileName), "{ \"format\": ");
        cache.Cached.Select(k => k.Release).ShouldBe(["6.1.0-2-amd64", "6.1.0-10-amd64"]);
        cache.Find("6.1.0-3-amd64").ShouldBeNull();
        cache.Find("../kernels/6.1.0-2-amd64").ShouldBeNull();
        cache.Find("6.1.0-2-amd64")!.BuildId.ShouldBe("ab");
    }

    [Fact]
    public void AnEntryOfANewerSutureIsNotReplaced()
    {
        Write("6.1.0-2-amd64", KernelFacts.CurrentFormat + 1);
        Should.Throw<KernelException>(() => new KernelCache(_layout).Find("6.1.0-2-amd64")).Message.ShouldContain("newer");
    }

    [Fact]
    public async Task WhatIsNoReleaseIsRefusedWithoutAsking() =>
        (await Should.ThrowAsync<KernelException>(() => new KernelCache(_layout).GetAsync("../x", null, TestContext.Current.CancellationToken))).Fault.ShouldBe(KernelFault.NotFound);

    [Fact]
    public void WhatWasCompiledOfOtherSourcesIsForgotten()
    {
        var (work, source) = (Path.Combine(_layout.Root, "work"), Path.Combine(_layout.Root, "source/fs"));
        Directory.CreateDirectory(work);
        Directory.CreateDirectory(source);
        File.WriteAllText(Path.Combine(source, "a.c"), "int a;");
        bool Keeps()
        {
            File.WriteAllText(Path.Combine(work, "object"), "");
            KernelDirectory.ForgetOtherSources(work, Path.Combine(_layout.Root, "source"));
            return File.Exists(Path.Combine(work, "object"));
        }
        Keeps().ShouldBeFalse();
        Keeps().ShouldBeTrue();
        File.WriteAllText(Path.Combine(source, "a.o"), "made");
        Keeps().ShouldBeTrue();
        File.WriteAllText(Path.Combine(source, "a.c"), "int b, c;");
        Keeps().ShouldBeFalse();
    }

    [Fact]
    public async Task ADirectoryNamesThePieceThatIsMissing()
    {
        var stop = TestContext.Current.CancellationToken;
        var directory = Path.Combine(_layout.Root, "byhand");
        async Task<string> Fault() => (await Should.ThrowAsync<KernelException>(() => KernelDirectory.OpenAsync(_layout, directory, null, stop))).Message;
        void Add(string name, string text)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        (await Fault()).ShouldContain("no such directory");
        Directory.CreateDirectory(directory);
        (await Fault()).ShouldContain("source/scripts/Makefile.build");
        Add("source/scripts/Makefile.build", "");
        (await Fault()).ShouldContain("include/generated/autoconf.h");
        Add("source/include/generated/autoconf.h", "");
        (await Fault()).ShouldContain("include/config/kernel.release");
        Add("source/include/config/kernel.release", "6.1.0-test\n");
        (await Fault()).ShouldContain("vmlinuz");
        Add("vmlinuz", "short");
        (await Fault()).ShouldContain("configuration");
        Add("config", "CONFIG_A=y\n");
        Add("source/.config", "CONFIG_A=m\n");
        (await Fault()).ShouldContain("CONFIG_A=y");
        Add("source/.config", "CONFIG_A=y\n");
        (await Fault()).ShouldContain("Module.symvers");
        Add("Module.symvers", "");
        (await Fault()).ShouldContain("not a usable kernel image");
    }

    private void Write(string release, int format) => new KernelFacts
    {
        Format = format,
        Release = release,
        BuildId = "ab",
        Vmlinuz = "vmlinuz",
        Image = "vmlinux",
        SystemMap = "System.map",
        Config = "config",
        Symvers = "Module.symvers",
        Modules = "lib",
        Source = "source",
        Units = "units",
    }.Write(Directory.CreateDirectory(_layout.Entry(release)).FullName);

    private sealed class Reports : IProgress<ProgressReport>
    {
        public List<string> Stages { get; } = [];

        public void Report(ProgressReport value) => Stages.Add(value.Stage);
    }
}
