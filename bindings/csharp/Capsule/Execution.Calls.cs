using System;
using Capsule.Raw;

namespace Capsule
{
    public sealed partial class Execution
    {
        /// <summary>Its number in its session, from 1.</summary>
        public unsafe ulong Id
        {
            get
            {
                var error = Errors.New();
                ulong id;
                Check(Native.capsule_execution_get_id(Token, &id, &error), &error);
                return id;
            }
        }

        /// <summary>For an event loop of the caller's: readable while there is something to take. Never to be read or closed.</summary>
        public unsafe int Fd
        {
            get
            {
                var error = Errors.New();
                int found;
                Check(Native.capsule_execution_get_fd(Token, &found, &error), &error);
                return found;
            }
        }

        /// <summary>Answers an input request with one line.</summary>
        public unsafe void Answer(ulong inputId, string text)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = arena.Text(text);
                Check(Native.capsule_execution_answer(Token, inputId, raw.data, raw.size, &error), &error);
            }
        }

        /// <summary>Declines one: <c>input()</c> raises EOFError.</summary>
        public unsafe void Decline(ulong inputId)
        {
            var error = Errors.New();
            Check(Native.capsule_execution_decline(Token, inputId, &error), &error);
        }

        /// <summary>KeyboardInterrupt first, the worker's death when the grace period is over; null: as the session says.</summary>
        public unsafe void Cancel(TimeSpan? grace = null)
        {
            var error = Errors.New();
            Check(Native.capsule_execution_cancel(Token, Milliseconds(grace), &error), &error);
        }

        /// <summary>Raises KeyboardInterrupt once in the running code, which may go on.</summary>
        public unsafe void Interrupt()
        {
            var error = Errors.New();
            Check(Native.capsule_execution_interrupt(Token, &error), &error);
        }

        // It may have ended, or been released: what is left to cancel is nothing.
        private unsafe void CancelQuietly() => Native.capsule_execution_cancel(Token, -1, null);

        private unsafe void DeclineQuietly(ulong inputId) => Native.capsule_execution_decline(Token, inputId, null);

        private unsafe Status TryNext(long milliseconds, out Event found)
        {
            var error = Errors.New();
            var raw = new capsule_event { struct_size = (uint)sizeof(capsule_event) };
            var status = Native.capsule_execution_next(Token, milliseconds, &raw, &error);
            found = null;
            if (status == Status.Timeout || status == Status.End) return status;
            Check(status, &error);
            try
            {
                found = new Event(&raw);
            }
            finally
            {
                Native.capsule_event_release(&raw);
            }
            return status;
        }
    }
}
