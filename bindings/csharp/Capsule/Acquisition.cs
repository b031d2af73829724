using System;
using System.Threading;
using System.Threading.Tasks;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A place in the line for a session of a pool.</summary>
    internal sealed unsafe class Acquisition : Owner
    {
        private readonly Readiness readiness = new Readiness();
        private readonly Action<IntPtr> giveBack;
        private bool ended;

        internal Acquisition(IntPtr token, Action<IntPtr> giveBack) : base(token, Native.capsule_acquisition_release)
        {
            this.giveBack = giveBack;
        }

        /// <summary>Waits for it without a thread; the token ends the wait.</summary>
        internal Task<Session> Take(CancellationToken waiting) => readiness.Take<Session>(TryTake, Descriptor, waiting);

        /// <inheritdoc/>
        public override void Dispose() => readiness.End(base.Dispose);

        // The descriptor is readable once it has ended: what is told behind the wait for that is the end, also that its time ran out.
        private bool TryTake(out Session found)
        {
            var error = Errors.New();
            IntPtr token;
            var status = Native.capsule_acquisition_take(Token, 0, &token, &error);
            found = null;
            if (status == Status.Timeout && !ended)
            {
                ended = true;
                return false;
            }
            Check(status, &error);
            found = new Session(token, giveBack);
            return true;
        }

        private int Descriptor()
        {
            var error = Errors.New();
            int fd;
            Check(Native.capsule_acquisition_get_fd(Token, &fd, &error), &error);
            return fd;
        }
    }
}
