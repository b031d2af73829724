using System.Runtime.CompilerServices;
using Capsule.Raw;

namespace Capsule
{
    /// <summary>
    /// The library's own log, one for the process: silent until it has a sink. Its records hold nothing of the code, its values or output.
    /// </summary>
    public static unsafe class Log
    {
        /// <summary>What became of the records so far.</summary>
        public static LogInfo Info
        {
            get
            {
                Library.Load();
                return Read();
            }
        }

        /// <summary>Records of that level and above go to the process's stderr, a line each, in the place of the sink before.</summary>
        public static void ToStderr(LogLevel level = LogLevel.Info, LogFormat format = LogFormat.KeyValue) =>
            Set(LogSink.Stderr, level, format, "");

        /// <summary>The same to the end of a file, which is made where it is not there.</summary>
        public static void ToFile(string path, LogLevel level = LogLevel.Info, LogFormat format = LogFormat.KeyValue) =>
            Set(LogSink.File, level, format, path);

        /// <summary>There is no sink any more.</summary>
        public static void Off() => Set(LogSink.None, LogLevel.Off, LogFormat.KeyValue, "");

        private static void Set(LogSink sink, LogLevel level, LogFormat format, string path)
        {
            Library.Load();
            SetLoaded(sink, level, format, path);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void SetLoaded(LogSink sink, LogLevel level, LogFormat format, string path)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = new capsule_log_options
                {
                    struct_size = (uint)sizeof(capsule_log_options), sink = (int)sink, level = (int)level, format = (int)format,
                    path = arena.Text(path),
                };
                Errors.Check(Native.capsule_log_set_sink(&raw, &error), &error);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static LogInfo Read()
        {
            var error = Errors.New();
            var raw = new capsule_log_info { struct_size = (uint)sizeof(capsule_log_info) };
            Errors.Check(Native.capsule_log_get_info(&raw, &error), &error);
            return new LogInfo(&raw);
        }
    }
}
