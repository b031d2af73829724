using System;
using System.Collections.Generic;
using Capsule.Raw;

namespace Capsule
{
    internal static unsafe class Traces
    {
        internal delegate Status Get(
            IntPtr token, capsule_trace_filter* filter, capsule_trace_event* events, UIntPtr capacity, UIntPtr* count,
            capsule_trace_info* info, capsule_error* error);

        /// <summary>All events that fit: counted first, then copied.</summary>
        internal static IReadOnlyList<TraceEvent> Read(IntPtr token, Get get, TraceFilter filter)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = filter == null ? null : filter.Write(arena);
                var info = new capsule_trace_info { struct_size = (uint)sizeof(capsule_trace_info) };
                UIntPtr count;
                Errors.Check(get(token, raw, null, UIntPtr.Zero, &count, &info, &error), &error);
                var events = (capsule_trace_event*)arena.New(sizeof(capsule_trace_event), (int)info.matched);
                Errors.Check(get(token, raw, events, (UIntPtr)info.matched, &count, null, &error), &error);
                var found = new List<TraceEvent>();
                for (var i = 0; i < (int)count; ++i) found.Add(new TraceEvent(events + i));
                return found;
            }
        }
    }
}
