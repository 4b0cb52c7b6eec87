using System.Globalization;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>What a workload prints in one phase: lines "NAME NUMBER" are measurements, others are passed on for people. Each has a bound of its own.</summary>
internal sealed class LoadOutput(string phase, EventPort port)
{
    /// <summary>Measurements that are taken in one phase.</summary>
    public const int MostMeasurements = 1000;

    /// <summary>Other lines that are passed on: the serial line is slow, and nobody reads more.</summary>
    private const int MostLines = 200;

    private int _lines;
    private int _measured;

    /// <summary>The last line.</summary>
    public string Last { get; private set; } = "";

    /// <summary>How many measurements there were, for people.</summary>
    public string Counts => _measured <= MostMeasurements
        ? $"{_measured} measurements"
        : $"{MostMeasurements} measurements; {_measured - MostMeasurements} more were not taken";

    /// <summary>Takes a line.</summary>
    public void Line(string text)
    {
        Last = text;
        if (text.Split(' ') is [var name, var number] && double.TryParse(number, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
        {
            if (++_measured <= MostMeasurements)
            {
                port.Send(new GuestEvent { Kind = GuestEventKind.Measurement, Name = name, Detail = phase, Value = value });
            }
        }
        else if (++_lines <= MostLines)
        {
            port.Send(new GuestEvent { Kind = GuestEventKind.Line, Detail = text });
        }
    }
}
