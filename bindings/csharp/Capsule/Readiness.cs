using System;
using System.Threading;
using System.Threading.Tasks;

namespace Capsule
{
    internal static class Ending
    {
        /// <summary>The task, with the end of which its owner ends.</summary>
        internal static async Task<T> Of<T>(Owner owner, Task<T> task)
        {
            using (owner) return await task.ConfigureAwait(false);
        }

        /// <summary>What could not begin: canceled, as a task says it, where a token was; else it has failed.</summary>
        internal static Task<T> Before<T>(Exception error, CancellationToken token) =>
            error is OperationCanceledException && token.IsCancellationRequested ? Task.FromCanceled<T>(token) : Task.FromException<T>(error);
    }

    /// <summary>Lets tasks wait until an owner's descriptor is readable, and forgets it when the owner goes.</summary>
    internal sealed class Readiness
    {
        internal delegate bool TryTake<T>(out T found);

        private readonly object gate = new object();
        private Task wait;
        private int fd = -1;
        private bool ended;

        /// <summary>Until it is readable, the owner has gone, or the token is canceled.</summary>
        internal async Task Wait(Func<int> descriptor, CancellationToken waiting)
        {
            var readable = Readable(descriptor);
            if (!waiting.CanBeCanceled)
            {
                await readable.ConfigureAwait(false);
                return;
            }
            var canceled = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            using (waiting.Register(() => canceled.TrySetResult(true)))
            {
                await Task.WhenAny(readable, canceled.Task).ConfigureAwait(false);
            }
        }

        /// <summary>Takes what there is, waiting for it without a thread; the token ends the wait.</summary>
        internal async Task<T> Take<T>(TryTake<T> take, Func<int> descriptor, CancellationToken waiting)
        {
            for (;;)
            {
                waiting.ThrowIfCancellationRequested();
                // mcs has no `out var` in an async method.
                T found;
                if (take(out found)) return found;
                await Wait(descriptor, waiting).ConfigureAwait(false);
            }
        }

        /// <summary>Releases the descriptor's owner, and wakes who waits.</summary>
        internal void End(Action release)
        {
            lock (gate)
            {
                ended = true;
                if (fd >= 0) Poller.Forget(fd, wait);
                release();
            }
        }

        private Task Readable(Func<int> descriptor)
        {
            lock (gate)
            {
                if (ended) return Task.CompletedTask;
                if (fd < 0) fd = descriptor();
                if (wait == null || wait.IsCompleted) wait = Poller.Readable(fd);
                return wait;
            }
        }
    }
}
