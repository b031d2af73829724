using System;
using System.Collections.Generic;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>Where Python code stands, or stood, as far as the policy shows it.</summary>
    public sealed unsafe class StackTrace
    {
        private StackTrace(StackInfo info, IReadOnlyList<ThreadStack> threads)
        {
            Info = info;
            Threads = threads;
        }

        /// <summary>As a whole.</summary>
        public StackInfo Info { get; }

        /// <summary>Its threads; of a living worker the first is the main one.</summary>
        public IReadOnlyList<ThreadStack> Threads { get; }

        /// <summary>Copies one, and gives it back.</summary>
        internal static StackTrace Taken(IntPtr token)
        {
            using (var handle = new Held(token, Native.capsule_stack_release))
            {
                var info = Told.capsule_stack_get_info(handle);
                var threads = new List<ThreadStack>();
                for (var i = 0UL; i < info.Threads; ++i) threads.Add(ThreadStack.Of(handle, i));
                return new StackTrace(info, threads);
            }
        }
    }

    /// <summary>One thread, and its frames, the innermost first.</summary>
    public sealed unsafe class ThreadStack
    {
        private ThreadStack(StackThread info, IReadOnlyList<StackFrame> frames, IReadOnlyList<NativeFrame> native)
        {
            Info = info;
            Frames = frames;
            NativeFrames = native;
        }

        /// <summary>The thread.</summary>
        public StackThread Info { get; }

        /// <summary>Its frames.</summary>
        public IReadOnlyList<StackFrame> Frames { get; }

        /// <summary>The native ones below them, of a thread that waits in the kernel.</summary>
        public IReadOnlyList<NativeFrame> NativeFrames { get; }

        internal static ThreadStack Of(Owner stack, ulong index)
        {
            var info = Told.capsule_stack_get_thread(stack, index);
            var frames = new List<StackFrame>();
            for (var i = 0UL; i < info.Frames; ++i) frames.Add(Told.capsule_stack_get_frame(stack, index, i));
            var native = new List<NativeFrame>();
            for (var i = 0UL; i < info.NativeFrames; ++i) native.Add(Told.capsule_stack_get_native_frame(stack, index, i));
            return new ThreadStack(info, frames, native);
        }
    }

    public sealed unsafe partial class Session
    {
        /// <summary>Where its Python code stands, also while it hangs; of a worker that died, where it stood. It goes on undisturbed.</summary>
        public StackTrace Stack(StackOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                IntPtr token;
                var raw = options == null ? null : options.Write(arena);
                Check(Native.capsule_session_get_stack(Token, raw, &token, &error), &error);
                return StackTrace.Taken(token);
            }
        }
    }
}
