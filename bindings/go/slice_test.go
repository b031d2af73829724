package capsule

import (
	goruntime "runtime"
	"sync/atomic"
	"testing"
	"time"
)

// With one processor, who was made runnable runs when the processor is given up, and not before.
func TestALoopOfExecutionsEndsItsTimeSlice(t *testing.T) {
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(1))
	othersRan := func(sinceYield, sinceUse time.Duration) (count int) {
		for range 20 {
			s := borrowScratch()
			s.yielded, s.used = time.Since(began)-sinceYield, time.Since(began)-sinceUse
			var ran atomic.Bool
			go ran.Store(true)
			s.giveBack()
			if ran.Load() {
				count++
			}
		}
		return count
	}
	// Now and then the scheduler takes the goroutine that yielded once more, so that none starves; or the clock ends a slice.
	within, over, long := othersRan(0, 0), othersRan(2*slice, 0), othersRan(2*slice, 2*short)
	if within > 5 || over < 15 || long > 5 {
		t.Errorf("of 20 goroutines %d had a turn in the slice, %d at its end, and %d behind a long call", within, over, long)
	}
}
