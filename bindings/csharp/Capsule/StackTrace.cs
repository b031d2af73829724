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
            using (var handle = new OwnedHandle(token, Native.capsule_stack_release))
            {
                var error = Errors.New();
                var raw = new capsule_stack_info { struct_size = (uint)sizeof(capsule_stack_info) };
                Errors.Check(Native.capsule_stack_get_info(token, &raw, &error), &error);
                var threads = new List<ThreadStack>();
                for (var i = 0UL; i < raw.threads; ++i) threads.Add(ThreadStack.Of(token, i));
                var found = new StackTrace(new StackInfo(&raw), threads);
                GC.KeepAlive(handle);
                return found;
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

        internal static ThreadStack Of(IntPtr stack, ulong index)
        {
            var error = Errors.New();
            var raw = new capsule_stack_thread { struct_size = (uint)sizeof(capsule_stack_thread) };
            Errors.Check(Native.capsule_stack_get_thread(stack, index, &raw, &error), &error);
            var frames = new List<StackFrame>();
            for (var i = 0UL; i < raw.frames; ++i)
            {
                var frame = new capsule_stack_frame { struct_size = (uint)sizeof(capsule_stack_frame) };
                Errors.Check(Native.capsule_stack_get_frame(stack, index, i, &frame, &error), &error);
                frames.Add(new StackFrame(&frame));
            }
            var native = new List<NativeFrame>();
            for (var i = 0UL; i < raw.native_frames; ++i)
            {
                var frame = new capsule_native_frame { struct_size = (uint)sizeof(capsule_native_frame) };
                Errors.Check(Native.capsule_stack_get_native_frame(stack, index, i, &frame, &error), &error);
                native.Add(new NativeFrame(&frame));
            }
            return new ThreadStack(new StackThread(&raw), frames, native);
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
