using Shouldly;
using Suture.Kernel;
using Xunit;

namespace Suture.UnitTests.Kernel;

public class Lz4LegacyTests
{
    [Fact]
    public void AMatchMayOverlapWhatItMakes()
    {
        // "ab", then 10 bytes from 2 back, then the last literals "xyz".
        byte[] block = [0x26, (byte)'a', (byte)'b', 2, 0, 0x30, (byte)'x', (byte)'y', (byte)'z'];
        Lz4Legacy.Decode([.. Lz4Legacy.Magic, .. BitConverter.GetBytes(block.Length), .. block], 100)
            .ShouldBe("ababababababxyz"u8.ToArray());
    }

    [Theory]
    [InlineData(new byte[] { 0x26, 97, 98, 3, 0, 0 })]
    [InlineData(new byte[] { 0x26, 97, 98, 0, 0, 0 })]
    [InlineData(new byte[] { 0xf0, 255, 255 })]
    [InlineData(new byte[] { 0x50, 97 })]
    [InlineData(new byte[] { 0x26, 97, 98, 2 })]
    public void DamagedBlocksAreRefused(byte[] block) =>
        Should.Throw<InvalidDataException>(() => Lz4Legacy.Decode([.. Lz4Legacy.Magic, .. BitConverter.GetBytes(block.Length), .. block], 100));
}
