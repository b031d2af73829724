using System;
using System.Runtime.InteropServices;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// A token of the library, released once: by Dispose, else by the finalizer. It is never dereferenced, so that a call with one that
    /// was released answers a status.
    /// </summary>
    public sealed class OwnedHandle : SafeHandle
    {
        private readonly Action<IntPtr> release;

        internal OwnedHandle(IntPtr token, Action<IntPtr> release) : base(IntPtr.Zero, true)
        {
            this.release = release;
            SetHandle(token);
        }

        /// <inheritdoc/>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <inheritdoc/>
        protected override bool ReleaseHandle()
        {
            release(handle);
            return true;
        }
    }

    /// <summary>What owns a token of the library.</summary>
    public abstract class Owner : IDisposable
    {
        /// <summary>Of a token that the library gave out.</summary>
        private protected Owner(IntPtr token, Action<IntPtr> release)
        {
            Handle = new OwnedHandle(token, release);
        }

        /// <summary>The library's own handle, for <see cref="Native"/>.</summary>
        public OwnedHandle Handle { get; }

        internal IntPtr Token => Handle.DangerousGetHandle();

        /// <summary>Gives the handle back. What waits with it on another thread ends with a status.</summary>
        public virtual void Dispose()
        {
            Handle.Dispose();
        }

        /// <summary>Throws what the call failed with. Whoever calls this is alive until here, and so is its handle.</summary>
        private protected unsafe void Check(Status status, capsule_error* error)
        {
            GC.KeepAlive(this);
            Errors.Check(status, error);
        }

        /// <summary>Copies what the handle lends, which is not released meanwhile. Where it was before, the call answers its status.</summary>
        private protected T Lent<T>(Func<T> copy)
        {
            var held = false;
            try
            {
                if (!Handle.IsClosed) Handle.DangerousAddRef(ref held);
            }
            catch (ObjectDisposedException)
            {
            }
            try
            {
                return copy();
            }
            finally
            {
                if (held) Handle.DangerousRelease();
            }
        }

        /// <summary>As the library takes it; null is for ever.</summary>
        private protected static long Milliseconds(TimeSpan? time) => time == null ? -1 : (long)Math.Ceiling(time.Value.TotalMilliseconds);
    }

    /// <summary>One that is read, and given back at once.</summary>
    internal sealed class Held : Owner
    {
        internal Held(IntPtr token, Action<IntPtr> release) : base(token, release)
        {
        }
    }
}
