namespace Suture.CatchUp.Judging;

/// <summary>Functions of a build by their names in the source.</summary>
internal static class FunctionName
{
    /// <summary>The name without the module before it and what the compiler put behind it: "ext4:do_map.cold" is do_map.</summary>
    public static string Of(string function) => function[(function.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('.')[0];
}
