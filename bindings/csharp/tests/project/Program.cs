// What Mono's compiler cannot read: events by `await foreach`, and owners by `using` declarations.
using System;
using System.Threading.Tasks;
using Capsule;

internal static class Program
{
    private static async Task Main()
    {
        using var runtime = new Runtime();
        using var session = runtime.Open();
        using var execution = session.Execute("import sys\nprint('Hello from', sys.implementation.name)\n6 * 7");
        await foreach (var found in execution)
        {
            if (found.Kind == EventKind.Output) Console.Write(found.Text);
            if (found.Kind == EventKind.Result) Console.WriteLine($"result: {found.Repr}");
        }
    }
}
