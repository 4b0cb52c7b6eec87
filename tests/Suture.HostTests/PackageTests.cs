using Shouldly;
using Xunit;

namespace Suture.HostTests;

/// <summary>The package on a real system: upgrade, remove, purge.</summary>
public sealed class PackageTests(PreparedMachine prepared)
{
    [Fact]
    public async Task Upgrading_and_removing_leave_the_kernel_as_it_is()
    {
        await using var machine = await prepared.ResumeAsync();
        (await machine.SucceedAsync("systemctl is-enabled suture-boot suture-agent; systemctl is-active suture-agent")).ShouldBe("enabled\nenabled\nactive\n");
        await machine.SutureAsync($"apply {GuestSuture.Ko("v1")} --watch 0");
        // A later version, which differs in its number alone.
        await machine.SucceedAsync("dpkg-deb -R /payload/suture.deb /tmp/later && sed -i 's/^Version: .*/&+later/' /tmp/later/DEBIAN/control && dpkg-deb -b /tmp/later /tmp/later.deb", TimeSpan.FromMinutes(4));
        await machine.SucceedAsync("echo '# mine' >> /etc/suture/suture.conf; dpkg -i /tmp/later.deb; dpkg-query -W suture | grep -q later; rm -r /tmp/later /tmp/later.deb", TimeSpan.FromMinutes(4));
        (await machine.IsPatchedAsync()).ShouldBeTrue();
        (await machine.SucceedAsync("grep -c '# mine' /etc/suture/suture.conf; systemctl is-active suture-agent")).ShouldBe("1\nactive\n");
        await machine.SutureAsync("status");

        var removed = await machine.SucceedAsync("dpkg -r suture 2>&1 </dev/null");
        removed.ShouldContain("suture_v1");
        (await machine.IsPatchedAsync()).ShouldBeTrue();
        (await machine.SucceedAsync("ls /var/lib/suture")).ShouldContain("state.json");
        await machine.SucceedAsync("dpkg -i /payload/suture.deb");
        (await machine.StateOfAsync("v1")).ShouldBe("applied");

        await machine.SucceedAsync("dpkg -P suture </dev/null");
        (await machine.IsPatchedAsync()).ShouldBeTrue();
        (await machine.SucceedAsync("find / -xdev -path /root -prune -o -path /var/log -prune -o -path /var/lib/dpkg -prune -o -name '*suture*' -print | grep -v -e suture-test -e '^/proc' || true"))
            .ShouldNotContain("/suture");
    }
}
