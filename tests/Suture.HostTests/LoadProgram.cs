using System.Globalization;
using System.Text;
using System.Text.Json;
using Shouldly;
using Suture.HostTests.Machine;

namespace Suture.HostTests;

/// <summary>
/// A load that notices everything: a TCP stream over loopback and a file writer, every byte of both checked, the longest time between two of their records, and a
/// clock that is looked at all the while; beside them stress-ng.
/// </summary>
internal static class LoadProgram
{
    private const string Text = """
        #!/usr/bin/perl
        # Four children: TCP sender and receiver, file writer with read-back, ticker. Prints one JSON line; anything wrong is an error in it.
        # With an argument, sender and writer rest so many seconds after each record.
        use strict; use warnings; use IO::Socket::INET;
        sub now { my $b = "\0" x 16; syscall(228, 1, $b); my ($s, $n) = unpack('q2', $b); $s + $n / 1e9 }  # clock_gettime: perl-base has no Time::HiRes
        my $rest = shift // 0; my $filling = 'x' x 1016;
        sub pace { select(undef, undef, undef, $rest) if $rest }
        my $stop = 0; $SIG{TERM} = sub { $stop = 1 };
        my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "listen: $!";
        my $port = $server->sockport;
        pipe(my $in, my $out);
        my @children;
        sub child { my ($work) = @_; my $pid = fork(); if (!$pid) { close $in; print $out $work->(), "\n"; close $out; exit 0 } push @children, $pid; }
        child(sub {
            my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return "error sender: $!";
            my $n = 0; while (!$stop) { $c->syswrite(pack('Q>', $n) . $filling) == 1024 or return "error send: $!"; $n++; pace() } close $c; return "sent $n";
        });
        child(sub {
            $SIG{TERM} = 'IGNORE';
            my $c = $server->accept or return "error accept: $!"; my ($want, $buffer, $last, $longest) = (0, '', now(), 0);
            while (1) {
                my $r = $c->sysread($buffer, 65536, length $buffer); return "error receive: $!" unless defined $r; last unless $r;
                my $now = now(); $longest = $now - $last if $now - $last > $longest; $last = $now;
                while (length $buffer >= 1024) {
                    my $n = unpack('Q>', substr($buffer, 0, 8)); return "error tcp: got $n, wanted $want" if $n != $want;
                    return "error tcp: record $n" if substr($buffer, 8, 1016) ne $filling;
                    $want++; substr($buffer, 0, 1024) = '';
                }
            }
            return length $buffer ? "error tcp: torn" : sprintf("received %d %.1f", $want, 1000 * $longest);
        });
        child(sub {
            open(my $f, '+>', '/root/load.data') or return "error file: $!"; my ($n, $from, $last, $longest) = (0, 0, now(), 0);
            # All that lies there, from line $from to the last one written; then the file begins anew.
            my $check = sub {
                my ($wanted, $data) = ($from, ''); sysseek($f, 0, 0);
                while (sysread($f, $data, 65536)) { for my $line ($data =~ /(.{15}\n)/gs) { return "error file: '$line', wanted $wanted" if $line ne sprintf("%015d\n", $wanted); $wanted++ } }
                return "error file: ends with $wanted of $n" if $wanted != $n;
                truncate($f, 0); sysseek($f, 0, 0); $from = $n; $last = now(); return;
            };
            while (!$stop) {
                syswrite($f, sprintf("%015d\n", $n)) == 16 or return "error write: $!"; $n++; pace();
                my $now = now(); $longest = $now - $last if $now - $last > $longest; $last = $now;
                if ($n % 65536 == 0 && (my $wrong = $check->())) { return $wrong }
            }
            return $check->() // sprintf("wrote %d %.1f", $n, 1000 * $longest);
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

    /// <summary>Runs the load while <paramref name="meanwhile"/> does its work and at least <paramref name="least"/>; nothing may be lost or repeated. Gives the longest gaps.</summary>
    public static async Task<string> RunAsync(DebianMachine machine, TimeSpan least, Func<DebianMachine, Task> meanwhile, bool gently = false)
    {
        var stress = await machine.StartAsync("stress-ng --cpu 1 --switch 1 --timeout 7200");
        var load = await machine.StartAsync($"exec perl /root/load.pl {(gently ? "0.005" : "")}");
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
        string Gap(string word) => said.Single(s => s.StartsWith(word, StringComparison.Ordinal)).Split(' ')[^1];
        return $"longest gaps: clock {Gap("gap")} ms, TCP {Gap("received")} ms in {Number("received")} records, file {Gap("wrote")} ms in {Number("wrote")} lines";
    }
}
