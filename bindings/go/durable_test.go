package capsule_test

// The store of promises that a scenario may have, and its durable executions.

import (
	"encoding/json"
	"errors"

	"capsule"
)

func (p *player) begin(session *capsule.Session, s *step, raw json.RawMessage) (*capsule.Execution, error) {
	text, err := source(raw)
	if err != nil {
		return nil, err
	}
	options, err := s.options()
	if err != nil {
		return nil, err
	}
	if s.Durable == "" {
		return session.Execute(p.ctx, text, options)
	}
	execution, _, err := p.store.Execute(p.ctx, session, text, s.Durable, 0, options)
	if err == nil && (execution == nil) != (s.Recorded != nil) {
		err = errors.New("it was recorded before, or should have been")
	}
	return execution, err
}

func (p *player) recorded(session *capsule.Session, s *step) error {
	_, err := p.begin(session, s, s.Recorded)
	return err
}

// Answers an input request, or settles the promise that it names.
func (p *player) answer(execution *capsule.Execution, event *capsule.Event, s *step, line *string) error {
	switch {
	case s.ByPromise && event.InputPromise == nil:
		return errors.New("it names no promise")
	case s.ByPromise && line == nil:
		_, err := p.store.Reject(p.ctx, *event.InputPromise, "")
		return err
	case s.ByPromise:
		value, err := json.Marshal(line)
		if err == nil {
			_, err = p.store.Resolve(p.ctx, *event.InputPromise, string(value))
		}
		return err
	case line == nil:
		return execution.Decline(event.InputID)
	}
	return execution.Answer(event.InputID, *line)
}

func (p *player) promise(s *step) error {
	promise, err := p.store.Get(p.ctx, *s.Promise)
	if err != nil {
		return err
	}
	if s.JSON != nil {
		err = sameJSON([]byte(promise.Value), s.JSON)
	}
	return errors.Join(err, same(promise.State.String(), s.State))
}
