using System.Globalization;
using System.Text;
using System.Text.Json;
using Shouldly;
using Suture.HostTests.Machine;

namespace Suture.HostTests;

/// <summary>
/// A load that notices everything: a TCP stream over loopback and a file writer, both with sequence numbers that are checked, and a clock that
/// is looked at all the while; beside them stress-ng.
/// </summary>
internal static class LoadProgram
{
    private const string Text = """
        #!/usr/bin/perl
        # Three children: TCP sender and receiver, file writer with read-back, ticker. Prints one JSON line; anything wrong is an error in it.
        use strict; use warnings; use IO::Socket::INET;
        sub now { my $b = "\0" x 16; syscall(228, 1, $b); my ($s, $n) = unpack('q2', $b); $s + $n / 1e9 }  # clock_gettime: perl-base has no Time::HiRes
        my $stop = 0; $SIG{TERM} = sub { $stop = 1 };
        my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "listen: $!";
        my $port = $server->sockport;
        pipe(my $in, my $out);
        my @children;
        sub child { my ($work) = @_; my $pid = fork(); if (!$pid) { close $in; print $out $work->(), "\n"; close $out; exit 0 } push @children, $pid; }
        child(sub {
            my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return "error sender: $!";
            my $n = 0; while (!$stop) { $c->syswrite(pack('Q>', $n) . ('x' x 1016)) == 1024 or return "error send: $!"; $n++ } close $c; return "sent $n";
        });
        child(sub {
            $SIG{TERM} = 'IGNORE';
            my $c = $server->accept or return "error accept: $!"; my ($want, $buffer) = (0, '');
            while (1) {
                my $r = $c->sysread($buffer, 65536, length $buffer); return "error receive: $!" unless defined $r; last unless $r;
                while (length $buffer >= 1024) { my $n = unpack('Q>', substr($buffer, 0, 8)); return "error tcp: got $n, wanted $want" if $n != $want; $want++; substr($buffer, 0, 1024) = '' }
            }
            return length $buffer ? "error tcp: torn" : "received $want";
        });
        child(sub {
            open(my $f, '+>', '/root/load.data') or return "error file: $!"; my $n = 0;
            while (!$stop) { syswrite($f, sprintf("%015d\n", $n)) == 16 or return "error write: $!"; $n++; if ($n % 4096 == 0) { sysseek($f, 0, 0); truncate($f, 0) if $n % 65536 == 0; sysseek($f, 0, 2) } }
            sysseek($f, 0, 0); my ($data, $first) = ('', undef); my $line;
            while (sysread($f, $line, 16)) { my $v = 0 + $line; return "error file: $v after $first" if defined $first && $v != $first + 1; $first = $v }
            return "error file: ends with $first of $n" if defined $first && $first != $n - 1; return "wrote $n";
        });
        child(sub { my ($last, $longest) = (now(), 0); while (!$stop) { my $now = now(); $longest = $now - $last if $now - $last > $longest; $last = $now; select(undef, undef, undef, 0.001) } return sprintf("gap %.1f", 1000 * $longest) });
        close $out; close $server;
        $SIG{TERM} = sub { kill 'TERM', @children };
        print "started\n"; STDOUT->flush; my @said;
        while (defined(my $l = <$in>)) { chomp $l; push @said, $l }
        waitpid($_, 0) for @children;
        print '["', join('","', @said), "\"]\n";
        """;

    public static byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    /// <summary>Runs the load while <paramref name="meanwhile"/> does its work and at least <paramref name="least"/>; nothing may be lost or repeated. Gives the longest gap.</summary>
    public static async Task<string> RunAsync(DebianMachine machine, TimeSpan least, Func<DebianMachine, Task> meanwhile)
    {
        var stress = await machine.StartAsync("stress-ng --cpu 1 --switch 1 --timeout 600");
        var load = await machine.StartAsync("exec perl /root/load.pl");
        await machine.SucceedAsync("until pgrep -f /root/load.pl >/dev/null; do sleep 0.1; done; sleep 1");
        await Task.WhenAll(meanwhile(machine), Task.Delay(least));
        await machine.SucceedAsync("kill -TERM $(pgrep -of /root/load.pl)");
        var result = await load.WithinAsync(TimeSpan.FromMinutes(1));
        await stress.KillAsync();
        result.ExitCode.ShouldBe(0, result.ToString());
        var said = JsonSerializer.Deserialize<string[]>(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        said.ShouldNotContain(s => s.StartsWith("error", StringComparison.Ordinal), string.Join("; ", said));
        long Number(string word) => long.Parse(said.Single(s => s.StartsWith(word, StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
        Number("received").ShouldBe(Number("sent"));
        Number("sent").ShouldBeGreaterThan(100);
        Number("wrote").ShouldBeGreaterThan(100);
        return $"{said.Single(s => s.StartsWith("gap", StringComparison.Ordinal))[4..]} ms ({Number("received")} TCP records, {Number("wrote")} lines)";
    }
}
