using System;
using System.Diagnostics;
using System.Text;
using Capsule;

/// <summary>
/// The peer of capsule-bench for C#. Each line on stdin is a count; the answer is one line with the nanoseconds of that many executions
/// of `1+1`.
/// </summary>
internal static class Bench
{
    private static void Main()
    {
        using (var runtime = new Runtime())
        using (var session = runtime.Open())
        {
            for (var line = Console.ReadLine(); line != null; line = Console.ReadLine())
            {
                var answer = new StringBuilder(); // Who reads is not to wake up in between.
                for (var left = int.Parse(line); left > 0; --left) answer.Append(RoundTrip(session)).Append(' ');
                Console.WriteLine(answer);
            }
        }
    }

    private static long RoundTrip(Session session)
    {
        var started = Stopwatch.GetTimestamp();
        var result = session.Run("1+1");
        var elapsed = Stopwatch.GetTimestamp() - started;
        if (!result.Ok || result.End.Repr != "2") throw new InvalidOperationException($"the session answered {result.End.Repr}");
        return (long)(elapsed * (1e9 / Stopwatch.Frequency));
    }
}
