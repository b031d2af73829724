using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Capsule
{
    /// <summary>What `await foreach` takes from, until there is null.</summary>
    internal sealed class Walk<T> : IAsyncEnumerator<T> where T : class
    {
        private readonly Func<ValueTask<T>> next;

        internal Walk(Func<ValueTask<T>> next) { this.next = next; }

        public T Current { get; private set; }

        public async ValueTask<bool> MoveNextAsync()
        {
            Current = await next().ConfigureAwait(false);
            return Current != null;
        }

        public ValueTask DisposeAsync() => default;
    }
}
