package capsule

// #include <capsule/capsule.h>
import "C"

import "runtime"

// SetLogSink sets the sink of the library's own log, one for the process, in the place of the one before: LogSinkStderr, or LogSinkFile
// with a Path; nil for none, which is how it begins. LogSinkCallback, which would run on threads of the library, is refused.
func SetLogSink(options *LogOptions) error {
	failure := newFailure()
	if options == nil {
		return check(C.capsule_log_set_sink(nil, failure), failure)
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	raw := C.capsule_log_options{
		struct_size: C.sizeof_capsule_log_options,
		sink:        C.int32_t(options.Sink),
		level:       C.int32_t(options.Level),
		format:      C.int32_t(options.Format),
		path:        rawText(options.Path, &pins),
	}
	return check(C.capsule_log_set_sink(&raw, failure), failure)
}

// SetLogLevel sets the least severe level that is logged of the session, in the place of the sink's; 0 for the sink's.
func (s *Session) SetLogLevel(level LogLevel) error {
	failure := newFailure()
	err := check(C.capsule_session_set_log_level(s.handle.c, C.int32_t(level), failure), failure)
	runtime.KeepAlive(s)
	return err
}

// LogRecords tells what became of the records of the library's own log so far.
func LogRecords() (LogInfo, error) {
	return get(nil, logInfoOf, func(raw *C.capsule_log_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_log_get_info(raw, failure)
	})
}
