using System;
using System.Text;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>A sampling profile of a session, under way or ended. Disposing of it ends it; the session goes on undisturbed.</summary>
    public sealed unsafe class Profile : Owner
    {
        internal Profile(IntPtr token) : base(token, Native.capsule_profile_release)
        {
        }

        /// <summary>What it has counted, also while it is under way.</summary>
        public ProfileInfo Info => Told.capsule_profile_get_info(this);

        /// <summary>Waits for its end: after DurationMs, by <see cref="Stop"/>, when its session is closed or the policy forbids it.</summary>
        public void Wait(TimeSpan? time = null)
        {
            var error = Errors.New();
            Check(Native.capsule_profile_wait(Token, Milliseconds(time), &error), &error);
        }

        /// <summary>Ends it, after the sample that is being taken. May be repeated.</summary>
        public void Stop()
        {
            var error = Errors.New();
            Check(Native.capsule_profile_stop(Token, &error), &error);
        }

        /// <summary>Its stacks, a line and a count each, as flame graph programs read them; status <c>Busy</c> while it is under way.</summary>
        public string Collapsed => Lent(() =>
        {
            var error = Errors.New();
            byte* data;
            UIntPtr size;
            Check(Native.capsule_profile_get_collapsed(Token, &data, &size, &error), &error);
            return Encoding.UTF8.GetString(data, (int)size);
        });
    }
}
