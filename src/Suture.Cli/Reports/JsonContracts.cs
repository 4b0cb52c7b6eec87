using System.Text.Json.Serialization;

namespace Suture.Cli.Reports;

/// <summary>The JSON documents of the verbs; their keys are a contract.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BuildReport))]
[JsonSerializable(typeof(DiffReport))]
[JsonSerializable(typeof(InspectReport))]
[JsonSerializable(typeof(MatchReport))]
[JsonSerializable(typeof(VerificationReport))]
internal sealed partial class JsonContracts : JsonSerializerContext;
