package capsule_test

// The files of scenarios as they are written, and the options that they stand for.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"capsule"
)

type scenario struct {
	Name     string      `json:"name"`
	Session  sessionKeys `json:"session"`
	Pool     *poolKeys   `json:"pool"`
	Bridge   *bridgeKeys `json:"bridge"`
	Promises bool        `json:"promises"`
	Steps    []step      `json:"steps"`
}

type sessionKeys struct {
	CancelGraceMs           *int64   `json:"cancel_grace_ms"`
	QueueLimit              *uint32  `json:"queue_limit"`
	Environment             []string `json:"environment"`
	InputTimeoutMs          *int64   `json:"input_timeout_ms"`
	OutputBudgetBytes       *uint64  `json:"output_budget_bytes"`
	CoalesceCarriageReturns *truth   `json:"coalesce_carriage_returns"`
	ProgressRatePerS        *float64 `json:"progress_rate_per_s"`
	DisplayLimitBytes       *uint64  `json:"display_limit_bytes"`
	SnapshotLimit           *uint32  `json:"snapshot_limit"`
	CheckpointLimit         *uint32  `json:"checkpoint_limit"`
	RestartPolicy           string   `json:"restart_policy"`
	Executor                string   `json:"executor"`
	EnableMetrics           *truth   `json:"enable_metrics"`
	RateLimitPerS           *float64 `json:"rate_limit_per_s"`
	RateLimitBurst          *uint32  `json:"rate_limit_burst"`
}

type poolKeys struct {
	MinIdle           *uint32  `json:"min_idle"`
	MaxSessions       *uint32  `json:"max_sessions"`
	Warmup            string   `json:"warmup"`
	Imports           []string `json:"imports"`
	ImportsFatal      *truth   `json:"imports_fatal"`
	RecycleExecutions *uint64  `json:"recycle_executions"`
	Reset             string   `json:"reset"`
}

// truth is true or false, or 1 or 0.
type truth bool

func (t *truth) UnmarshalJSON(data []byte) error {
	*t = string(data) == "true" || string(data) == "1"
	return nil
}

type step struct {
	Execute           json.RawMessage            `json:"execute"`
	FileName          string                     `json:"file_name"`
	Traceparent       string                     `json:"traceparent"`
	Tracestate        string                     `json:"tracestate"`
	IdempotencyKey    string                     `json:"idempotency_key"`
	TimeoutMs         *int64                     `json:"timeout_ms"`
	Inputs            []*string                  `json:"inputs"`
	Unanswered        bool                       `json:"unanswered"`
	CancelAfter       string                     `json:"cancel_after"`
	GraceMs           *int64                     `json:"grace_ms"`
	InterruptAfter    string                     `json:"interrupt_after"`
	Transaction       string                     `json:"transaction"`
	Scope             string                     `json:"scope"`
	Bind              map[string]json.RawMessage `json:"bind"`
	Result            string                     `json:"result"`
	Durable           string                     `json:"durable"`
	ByPromise         bool                       `json:"by_promise"`
	Recorded          json.RawMessage            `json:"recorded"`
	Promise           *string                    `json:"promise"`
	State             string                     `json:"state"`
	Expect            map[string]json.RawMessage `json:"expect"`
	Set               *string                    `json:"set"`
	Update            map[string]json.RawMessage `json:"update"`
	Get               *string                    `json:"get"`
	Delete            *string                    `json:"delete"`
	JSON              json.RawMessage            `json:"json"`
	Text              *string                    `json:"text"`
	Repr              *string                    `json:"repr"`
	Strategy          string                     `json:"strategy"`
	Snapshot          *string                    `json:"snapshot"`
	Restore           *string                    `json:"restore"`
	Branch            *string                    `json:"branch"`
	Of                *string                    `json:"of"`
	In                string                     `json:"in"`
	KeepCheckpoint    *string                    `json:"keep_checkpoint"`
	RestoreCheckpoint *string                    `json:"restore_checkpoint"`
	ForgetCheckpoint  *string                    `json:"forget_checkpoint"`
	Restart           bool                       `json:"restart"`
	Close             *int64                     `json:"close"`
	Acquire           *string                    `json:"acquire"`
	GiveBack          *string                    `json:"give_back"`
	Calls             json.RawMessage            `json:"calls"`
	Metrics           *string                    `json:"metrics"`
	Fields            map[string]float64         `json:"fields"`
	Trace             json.RawMessage            `json:"trace"`
	Group             int32                      `json:"group"`
	Refused           string                     `json:"refused"`
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (k *sessionKeys) options() (*capsule.SessionOptions, error) {
	options := capsule.DefaultSessionOptions()
	assign(&options.CancelGraceMs, k.CancelGraceMs)
	assign(&options.QueueLimit, k.QueueLimit)
	assign(&options.InputTimeoutMs, k.InputTimeoutMs)
	assign(&options.OutputBudgetBytes, k.OutputBudgetBytes)
	assign(&options.ProgressRatePerS, k.ProgressRatePerS)
	assign(&options.DisplayLimitBytes, k.DisplayLimitBytes)
	assign(&options.SnapshotLimit, k.SnapshotLimit)
	assign(&options.CheckpointLimit, k.CheckpointLimit)
	assign(&options.RateLimitPerS, k.RateLimitPerS)
	assign(&options.RateLimitBurst, k.RateLimitBurst)
	options.CoalesceCarriageReturns = k.CoalesceCarriageReturns != nil && bool(*k.CoalesceCarriageReturns)
	options.EnableMetrics = k.EnableMetrics != nil && bool(*k.EnableMetrics)
	options.Environment = k.Environment
	policy, err := number([]string{"manual", "fresh", "snapshot", "checkpoint"}, k.RestartPolicy)
	options.RestartPolicy = capsule.RestartPolicy(policy)
	if err != nil {
		return nil, err
	}
	executor, err := number([]string{"python", "echo"}, k.Executor)
	options.Executor = capsule.Executor(executor)
	return options, err
}

func (k *poolKeys) options(session *capsule.SessionOptions) (*capsule.PoolOptions, error) {
	options := capsule.DefaultPoolOptions()
	options.Session, options.Warmup, options.Imports = session, k.Warmup, k.Imports
	assign(&options.MinIdle, k.MinIdle)
	assign(&options.MaxSessions, k.MaxSessions)
	assign(&options.RecycleExecutions, k.RecycleExecutions)
	options.ImportsFatal = k.ImportsFatal != nil && bool(*k.ImportsFatal)
	reset, err := number([]string{"pristine", "keep", "clear_names", "new_process"}, k.Reset)
	options.Reset = capsule.PoolReset(reset)
	return options, err
}

func number(names []string, name string) (int32, error) {
	if name == "" {
		return 0, nil
	}
	if at := slices.Index(names, name); at >= 0 {
		return int32(at), nil
	}
	return 0, fmt.Errorf("an unknown name %q", name)
}

func source(raw json.RawMessage) (string, error) {
	var lines []string
	if bytes.HasPrefix(raw, []byte("[")) {
		err := json.Unmarshal(raw, &lines)
		return strings.Join(lines, "\n"), err
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err
}

func inputs(values map[string]json.RawMessage) (list []capsule.Input) {
	for name, value := range values {
		list = append(list, capsule.Input{Name: name, Value: &capsule.Value{Kind: capsule.ValueJSON, Data: value}})
	}
	return list
}

func (s *step) options() (*capsule.ExecutionOptions, error) {
	options := capsule.DefaultExecutionOptions()
	options.FileName, options.Traceparent, options.Tracestate = s.FileName, s.Traceparent, s.Tracestate
	options.IdempotencyKey = s.IdempotencyKey
	options.Inputs = inputs(s.Bind)
	assign(&options.TimeoutMs, s.TimeoutMs)
	kinds := []string{"auto", "json", "text", "bytes", "buffer", "repr"}
	kind, err := number(kinds, s.Result)
	if s.Result != "" {
		options.ResultKind = capsule.ValueKind(kind)
	}
	transaction, err2 := number([]string{"commit", "rollback_on_failure", "rollback_always"}, s.Transaction)
	scope, err3 := number([]string{"memory", "names"}, s.Scope)
	options.Transaction, options.TransactionScope = capsule.Transaction(transaction), capsule.TransactionScope(scope)
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	return options, nil
}
