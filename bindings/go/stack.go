package capsule

// #include <capsule/capsule.h>
import "C"

import "runtime"

// StackTrace is where Python code stands, or stood, as far as the policy shows it.
type StackTrace struct {
	Info    StackInfo
	Threads []ThreadStack // Of a living worker, the first is the main one.
}

// ThreadStack is one thread, and its frames, the innermost first.
type ThreadStack struct {
	Info   StackThread
	Frames []StackFrame
	Native []NativeFrame // Below them, of a thread that waits in the kernel.
}

// Stack tells where the session's Python code stands, also while it hangs; of a worker that died, where it stood. nil for the default
// options. It goes on undisturbed.
func (s *Session) Stack(options *StackOptions) (*StackTrace, error) {
	return stackOf(s, options, func(options *C.capsule_stack_options, handle **C.capsule_stack, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_stack(s.handle.c, options, handle, failure)
	})
}

// InspectStack is the same as a guarded look: no more than the policy allows, and with the caller in the audit trail. At the level of counts
// no frame is told: FramesOmitted of each thread says how many there are. nil for the defaults.
func (s *Session) InspectStack(inspection *Inspection, options *StackOptions) (*StackTrace, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return stackOf(s, options, func(options *C.capsule_stack_options, handle **C.capsule_stack, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_inspect_stack(s.handle.c, inspection.raw(&pins), options, handle, failure)
	})
}

func stackOf(s *Session, options *StackOptions,
	call func(options *C.capsule_stack_options, handle **C.capsule_stack, failure *C.capsule_error) C.capsule_status) (*StackTrace, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	var handle *C.capsule_stack
	failure := newFailure()
	err := check(call(options.raw(&pins), &handle, failure), failure)
	runtime.KeepAlive(s)
	if err != nil {
		return nil, err
	}
	return stackTaken(handle)
}

// Copies it, and gives it back.
func stackTaken(handle *C.capsule_stack) (*StackTrace, error) {
	defer C.capsule_stack_release(handle)
	raw := C.capsule_stack_info{struct_size: C.sizeof_capsule_stack_info}
	failure := newFailure()
	if err := check(C.capsule_stack_get_info(handle, &raw, failure), failure); err != nil {
		return nil, err
	}
	trace := &StackTrace{Info: stackInfoOf(&raw)}
	for i := C.uint64_t(0); i < raw.threads; i++ {
		thread, err := threadOf(handle, i)
		if err != nil {
			return nil, err
		}
		trace.Threads = append(trace.Threads, thread)
	}
	return trace, nil
}

func threadOf(handle *C.capsule_stack, index C.uint64_t) (thread ThreadStack, err error) {
	raw := C.capsule_stack_thread{struct_size: C.sizeof_capsule_stack_thread}
	frame := C.capsule_stack_frame{struct_size: C.sizeof_capsule_stack_frame}
	failure := newFailure()
	if err := check(C.capsule_stack_get_thread(handle, index, &raw, failure), failure); err != nil {
		return thread, err
	}
	thread.Info = stackThreadOf(&raw)
	for i := C.uint64_t(0); i < raw.frames; i++ {
		if err := check(C.capsule_stack_get_frame(handle, index, i, &frame, failure), failure); err != nil {
			return thread, err
		}
		thread.Frames = append(thread.Frames, stackFrameOf(&frame))
	}
	below := C.capsule_native_frame{struct_size: C.sizeof_capsule_native_frame}
	for i := C.uint64_t(0); i < raw.native_frames; i++ {
		if err := check(C.capsule_stack_get_native_frame(handle, index, i, &below, failure), failure); err != nil {
			return thread, err
		}
		thread.Native = append(thread.Native, nativeFrameOf(&below))
	}
	return thread, nil
}
