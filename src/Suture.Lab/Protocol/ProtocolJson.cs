using System.Text.Json.Serialization;

namespace Suture.Lab.Protocol;

/// <summary>JSON of the protocol, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestPlan))]
[JsonSerializable(typeof(GuestEvent))]
internal sealed partial class ProtocolJson : JsonSerializerContext;
