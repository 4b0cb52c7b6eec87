using Xunit;

// One machine, two cores: virtual machines side by side only make each other late.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
