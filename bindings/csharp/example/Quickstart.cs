using System;
using Capsule;

internal static class Quickstart
{
    private static void Main()
    {
        using (var runtime = new Runtime())
        using (var session = runtime.Open())
        using (var execution = session.Execute("import sys\nprint('Hello from', sys.implementation.name)\n6 * 7"))
        {
            foreach (var found in execution) // or: await foreach, await execution.NextAsync()
            {
                if (found.Kind == EventKind.Output) Console.Write(found.Text);
                if (found.Kind == EventKind.Result) Console.WriteLine($"result: {found.Repr}");
                if (found.Kind == EventKind.Error) Console.Error.WriteLine($"{found.ErrorType}: {found.Message}");
            }
        }
    }
}
