using System;
using System.Threading.Tasks;
using Capsule;

internal static class Quickstart
{
    private static void Main() => Run().GetAwaiter().GetResult();

    private static async Task Run()
    {
        using (var runtime = new Runtime())
        using (var session = runtime.Open())
        using (var execution = session.Execute("import sys\nprint('Hello from', sys.implementation.name)\n6 * 7"))
        {
            for (var found = await execution.NextAsync(); found != null; found = await execution.NextAsync())
            {
                if (found.Kind == EventKind.Output) Console.Write(found.Text);
                if (found.Kind == EventKind.Result) Console.WriteLine($"result: {found.Repr}");
                if (found.Kind == EventKind.Error) Console.Error.WriteLine($"{found.ErrorType}: {found.Message}");
            }
        }
    }
}
