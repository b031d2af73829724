// What the worker's code wrote, on its way to the queues of the executions: whose it is, what of it fits, and its text. All under the
// lock.
#include <algorithm>

#include "base/clock.hpp"
#include "base/lines.hpp"
#include "base/utf8.hpp"
#include "session/notifications.hpp"
#include "session/runtime.hpp"

namespace capsule {
namespace {

// Beside the data of a display: ids, types, metadata.
constexpr std::uint64_t kDisplayOverhead = 64U << 10U;

bool is_stream(std::uint8_t stream) { return stream == CAPSULE_STREAM_STDOUT || stream == CAPSULE_STREAM_STDERR; }

// Whose it is. The library's own lines are short and on stderr: nothing else is believed to be one.
std::uint8_t origin_of(const OutputPiece &piece) {
  constexpr std::size_t kLongestNotice = 128;
  const bool known = piece.origin >= CAPSULE_ORIGIN_MAIN && piece.origin <= CAPSULE_ORIGIN_LIBRARY;
  const bool notice = piece.stream == CAPSULE_STREAM_STDERR && piece.data.size() <= kLongestNotice;
  return known && (piece.origin != CAPSULE_ORIGIN_LIBRARY || notice) ? piece.origin : std::uint8_t{CAPSULE_ORIGIN_DESCRIPTOR};
}

capsule_text as_text(wire::Text text) { return {text.data() == nullptr ? "" : text.data(), text.size()}; }

void write_display(Event &event, const wire::Display &display) {
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_DISPLAY;
  for (const wire::MimePart &part : display.parts) {
    event.storage->parts.push_back({as_text(part.mime_type), as_text(part.data)});
  }
  fields.parts = event.storage->parts.data();
  fields.part_count = event.storage->parts.size();
  fields.display_id = as_text(display.display_id);
  fields.update = display.update ? 1 : 0;
  fields.is_result = display.is_result ? 1 : 0;
  if (display.metadata.data() != nullptr) {
    fields.metadata = as_text(display.metadata);
  }
}

void write_progress(Event &event, const wire::Progress &progress) {
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_PROGRESS;
  fields.display_id = as_text(progress.progress_id);
  fields.progress_value = progress.value;
  fields.progress_total = progress.total;
  fields.progress_label = as_text(progress.label);
}

}  // namespace

// Where output of an execution goes: to it while it runs; else as `late_output` says, or nowhere.
Session::Target Session::target_of(std::uint64_t execution_id) const {
  if (current_ && current_->id == execution_id) {
    return {current_, false};
  }
  if (options_.late_output == CAPSULE_LATE_ADOPT) {
    return {current_, true};
  }
  if (options_.late_output == CAPSULE_LATE_DELIVER) {
    const auto found = ended_.find(execution_id);
    return {found == ended_.end() ? nullptr : found->second.lock(), true};
  }
  return {nullptr, true};
}

// What nobody takes.
void Session::drop_late(std::uint64_t bytes, std::uint64_t charge) {
  counters_.late_output_bytes += bytes;
  credit(charge);
}

// What may be kept back for a reason other than that the host takes nothing: for late output, which waits behind a terminal event and
// may never be taken, and for a message that is not whole yet. With the quarter that credit() gathers it leaves the worker half of
// the window, which is the largest piece that it may have to send.
std::uint64_t Session::most_kept_back() const { return options_.output_window_bytes / 8; }

// Of late output in its own queue as much is charged as may be kept back; nothing is taken any more once that is full.
std::uint64_t Session::charge_of(const Target &target, std::uint64_t charge) const {
  const bool kept_back = target.late && options_.late_output == CAPSULE_LATE_DELIVER;
  return kept_back ? std::min(charge, most_kept_back() - late_held_) : charge;
}

bool Session::has_room(const Target &target) const {
  return !target.late || options_.late_output != CAPSULE_LATE_DELIVER || late_held_ < most_kept_back();
}

void Session::deliver_output(Notifications &notifications, OutputPiece piece) {
  const std::uint64_t size = piece.data.size();
  counters_.output_bytes += size;
  const Target target = target_of(piece.execution_id);
  if (!target.execution || !is_stream(piece.stream) || size == 0 || !has_room(target)) {
    drop_late(size, piece.charge);
    return;
  }
  piece.origin = origin_of(piece);
  Execution &execution = *target.execution;
  if (target.late) {
    if (execution.events.abandoned()) {
      drop_late(size, piece.charge);
    } else {
      counters_.late_output_delivered_bytes += size;
      const std::uint64_t charge = charge_of(target, piece.charge);
      credit(piece.charge - charge);
      piece.charge = charge;
      push_text(notifications, target, std::move(piece));
    }
    return;
  }
  if (piece.origin != CAPSULE_ORIGIN_LIBRARY) {
    const bool out = piece.stream == CAPSULE_STREAM_STDOUT;
    (out ? execution.stdout_bytes : execution.stderr_bytes) += size;
    (out ? execution.stdout_lines : execution.stderr_lines) += count_newlines(piece.data);
  }
  if (execution.events.abandoned()) {
    counters_.abandoned_output_bytes += size;
    credit(piece.charge);
    return;
  }
  if (execution.budget) {
    execution.budget->take(piece);
    const std::uint64_t kept = piece.data.empty() ? piece.charge : size - piece.data.size();
    piece.charge -= kept;
    credit(kept);
  }
  join_and_push(notifications, target, std::move(piece));
}

// A character that was cut by the end of a piece is put together again, unless another writer comes in between.
void Session::join_and_push(Notifications &notifications, const Target &target, OutputPiece piece) {
  if (piece.data.empty()) {
    return;
  }
  OutputPiece &cut = target.execution->cut.at(piece.stream - 1U);
  if (!cut.data.empty() && cut.continued_by(piece)) {
    piece.data.insert(0, cut.data);
    piece.charge += cut.charge;
    cut = {};
  } else {
    push_cut(notifications, target, cut);
  }
  if (const std::size_t tail = utf8_incomplete_tail(piece.data); tail > 0) {
    const std::size_t whole = piece.data.size() - tail;
    cut = piece;
    cut.data.erase(0, whole);
    cut.charge = whole == 0 ? piece.charge : tail;
    piece.data.resize(whole);
    piece.charge -= cut.charge;
  }
  if (!piece.data.empty()) {
    push_text(notifications, target, std::move(piece));
  }
}

void Session::push_cut(Notifications &notifications, const Target &target, OutputPiece &cut) {
  if (!cut.data.empty()) {
    push_text(notifications, target, std::exchange(cut, {}));
  }
}

void Session::push_text(Notifications &notifications, const Target &target, OutputPiece piece) {
  if (!is_utf8(piece.data)) {
    std::string text;
    piece.invalid_bytes = static_cast<std::uint32_t>(utf8_replace_invalid(piece.data, text));
    counters_.invalid_output_bytes += piece.invalid_bytes;
  }
  piece.late = target.late;
  count_charge(target, piece.charge);
  if (target.execution->events.push(std::move(piece))) {
    notifications.add(target.execution);
  }
}

// Of what is paid for when it is taken.
void Session::count_charge(const Target &target, std::uint64_t charge) {
  target.execution->uncredited += charge;
  late_held_ += target.execution->phase == ExecutionPhase::kEnded ? charge : 0;
}

// The event was taken, or nobody will.
void Session::take_charge(Execution &execution, std::uint64_t charge, std::uint64_t over) {
  const std::uint64_t owed = std::min(charge, execution.uncredited);
  execution.uncredited -= owed;
  late_held_ -= execution.phase == ExecutionPhase::kEnded ? std::min(owed, late_held_) : 0;
  const std::uint64_t taken = std::min(over, execution.over_credit);
  execution.over_credit -= taken;
  over_credit_ -= taken;
  credit(owed);
}

// Whether the worker may wait for the host to take output. Where exactly it does, only the worker knows: pieces are of any size.
bool Session::window_is_full(const Execution &execution) const {
  return execution.uncredited >= options_.output_window_bytes - most_kept_back() || over_credit_ > options_.output_window_bytes;
}

// The end of what an execution wrote: what its budget kept for the end, and what was cut.
void Session::finish_output(Notifications &notifications, const std::shared_ptr<Execution> &execution) {
  const Target target{execution, false};
  const bool abandoned = execution->events.abandoned();
  for (OutputPiece &cut : execution->cut) {
    if (abandoned) {
      credit(std::exchange(cut, {}).charge);
    }
    push_cut(notifications, target, cut);
  }
  if (!execution->budget || abandoned) {
    return;
  }
  OutputBudget &budget = *execution->budget;
  std::deque<OutputPiece> last = budget.finish();
  if (budget.left_out_bytes() > 0) {
    counters_.left_out_output_bytes += budget.left_out_bytes();
    OutputPiece notice{.execution_id = execution->id,
                       .time_ns = monotonic_ns(),
                       .writer_id = 0,
                       .stream = CAPSULE_STREAM_STDERR,
                       .origin = CAPSULE_ORIGIN_LIBRARY,
                       .data = std::string(budget.cut_a_line() ? "\n" : "") +
                               "[capsule: " + std::to_string(budget.left_out_bytes()) + " bytes in " +
                               std::to_string(budget.left_out_lines()) + " lines of output left out]\n"};
    push_text(notifications, target, std::move(notice));
  }
  for (OutputPiece &piece : last) {
    push_text(notifications, target, std::move(piece));
  }
}

// A piece of a frame in the output stream. False when it is not the protocol.
bool Session::deliver_message(Notifications &notifications, Worker &worker, const OutputPiece &piece) {
  counters_.output_bytes += piece.data.size();
  // A frame may be larger than the window: a part of it is enough to bound how many wait.
  const std::uint64_t charged = std::min(piece.charge, most_kept_back() - worker.message_charge);
  worker.message_charge += charged;
  credit(piece.charge - charged);
  const auto state = worker.message.take(piece.data, options_.display_limit_bytes + kDisplayOverhead);
  counters_.displays_incomplete = past_incomplete_ + worker.message.dropped();
  if (state == MessageAssembly::State::kMore) {
    return true;
  }
  const std::uint64_t charge = std::exchange(worker.message_charge, 0);
  if (state == MessageAssembly::State::kTooLarge) {
    credit(charge);
    return false;
  }
  return deliver_shown(notifications, piece.execution_id, worker.message.finish(), charge);
}

bool Session::deliver_shown(Notifications &notifications, std::uint64_t execution_id, std::string frame, std::uint64_t charge) {
  Event event;
  std::string &kept = event.storage->texts[0];
  kept = std::move(frame);
  const auto envelope = wire::decode({reinterpret_cast<const std::uint8_t *>(kept.data()), kept.size()});
  if (!envelope.ok()) {
    return false;
  }
  event.fields.time_ns = envelope.value().time_ns;
  if (const auto *display = std::get_if<wire::Display>(&envelope.value().body)) {
    write_display(event, *display);
  } else if (const auto *progress = std::get_if<wire::Progress>(&envelope.value().body)) {
    write_progress(event, *progress);
  } else {
    return false;
  }
  const Target target = target_of(execution_id);
  if (!target.execution || target.execution->events.abandoned() || !has_room(target)) {
    drop_late(kept.size(), charge);
    return true;
  }
  const std::uint64_t charged = charge_of(target, charge);
  credit(charge - charged);
  ++counters_.displays;
  for (OutputPiece &cut : target.execution->cut) {
    push_cut(notifications, {target.execution, false}, cut);
  }
  event.charge = charged;
  event.fields.late = target.late ? 1 : 0;
  event.fields.writer_execution_id = execution_id;
  if (target.execution->phase != ExecutionPhase::kEnded) {
    event.over_credit = kept.size() - std::min<std::uint64_t>(kept.size(), charged);
    target.execution->over_credit += event.over_credit;
    over_credit_ += event.over_credit;
  }
  count_charge(target, charged);
  push(notifications, target.execution, std::move(event), /*terminal=*/false);
  return true;
}

// No late output can come any more.
void Session::end_late(Notifications &notifications) {
  for (const auto &[id, weak] : std::exchange(ended_, {})) {
    const auto execution = weak.lock();
    if (!execution) {
      continue;
    }
    execution->uncredited = 0;  // no worker waits for it
    if (execution->events.end_late()) {
      notifications.add(execution);
    }
  }
  late_held_ = 0;
  last_ended_id_ = 0;
}

}  // namespace capsule
