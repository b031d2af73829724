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
	othersRan := func(over bool) (count int) {
		for range 20 {
			s := borrowScratch()
			s.yielded = time.Since(began)
			if over {
				s.yielded -= 2 * slice
			}
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
	if fresh, over := othersRan(false), othersRan(true); fresh > 5 || over < 15 {
		t.Errorf("of 20 goroutines %d had a turn in the slice, and %d at its end", fresh, over)
	}
}
