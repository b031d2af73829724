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
    drop_late(size, size);
    return;
  }
  Execution &execution = *target.execution;
  if (target.late) {
    if (execution.events.abandoned()) {
      drop_late(size, size);
    } else {
      counters_.late_output_delivered_bytes += size;
      const std::uint64_t charge = charge_of(target, size);
      credit(size - charge);
      push_text(notifications, target, piece, charge);
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
    credit(size);
    return;
  }
  if (execution.budget && piece.origin != CAPSULE_ORIGIN_LIBRARY) {
    execution.budget->take(piece);
    credit(size - piece.data.size());
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
    cut.data.clear();
  } else {
    push_cut(notifications, target, cut);
  }
  if (const std::size_t tail = utf8_incomplete_tail(piece.data); tail > 0) {
    cut = piece;
    cut.data.erase(0, piece.data.size() - tail);
    piece.data.resize(piece.data.size() - tail);
  }
  if (!piece.data.empty()) {
    push_text(notifications, target, piece, piece.data.size());
  }
}

void Session::push_cut(Notifications &notifications, const Target &target, OutputPiece &cut) {
  if (!cut.data.empty()) {
    push_text(notifications, target, cut, cut.data.size());
    cut.data.clear();
  }
}

void Session::push_text(Notifications &notifications, const Target &target, const OutputPiece &piece, std::uint64_t charge) {
  Event event;
  capsule_event &fields = event.fields;
  fields.kind = CAPSULE_EVENT_OUTPUT;
  fields.time_ns = piece.time_ns;
  fields.stream = piece.stream;
  const bool known = piece.origin >= CAPSULE_ORIGIN_MAIN && piece.origin <= CAPSULE_ORIGIN_LIBRARY;
  fields.origin = known ? piece.origin : std::uint8_t{CAPSULE_ORIGIN_DESCRIPTOR};
  fields.writer_id = piece.writer_id;
  if (is_utf8(piece.data)) {
    fields.data = event.keep(0, piece.data);
    fields.raw = fields.data;
  } else {
    std::string text;
    const std::size_t replaced = utf8_replace_invalid(piece.data, text);
    fields.invalid_bytes = static_cast<std::uint32_t>(replaced);
    counters_.invalid_output_bytes += replaced;
    fields.data = event.keep(0, text);
    fields.raw = event.keep(1, piece.data);
  }
  push_written(notifications, target, piece.execution_id, std::move(event), charge);
}

// An event that something wrote, and that is paid for when it is taken.
void Session::push_written(Notifications &notifications, const Target &target, std::uint64_t writer, Event event,
                           std::uint64_t charge) {
  event.charge = charge;
  event.fields.late = target.late ? 1 : 0;
  event.fields.writer_execution_id = writer;
  target.execution->uncredited_bytes += charge;
  late_held_ += target.execution->phase == ExecutionPhase::kEnded ? charge : 0;
  push(notifications, target.execution, std::move(event), /*terminal=*/false);
}

// The event was taken, or nobody will.
void Session::take_charge(Execution &execution, std::uint64_t charge) {
  const std::uint64_t owed = std::min(charge, execution.uncredited_bytes);
  execution.uncredited_bytes -= owed;
  late_held_ -= execution.phase == ExecutionPhase::kEnded ? std::min(owed, late_held_) : 0;
  credit(owed);
}

// The end of what an execution wrote: what its budget kept for the end, and what was cut.
void Session::finish_output(Notifications &notifications, const std::shared_ptr<Execution> &execution) {
  const Target target{execution, false};
  const bool abandoned = execution->events.abandoned();
  for (OutputPiece &cut : execution->cut) {
    if (abandoned) {
      credit(cut.data.size());
      cut.data.clear();
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
    push_text(notifications, target, notice, 0);
  }
  for (const OutputPiece &piece : last) {
    push_text(notifications, target, piece, 0);
  }
}

// A piece of a frame in the output stream. False when it is not the protocol.
bool Session::deliver_message(Notifications &notifications, Worker &worker, const OutputPiece &piece) {
  const std::uint64_t size = piece.data.size();
  counters_.output_bytes += size;
  // A frame may be larger than the window: a part of it is enough to bound how many wait.
  const std::uint64_t charged = std::min(size, most_kept_back() - worker.message_charge);
  worker.message_charge += charged;
  credit(size - charged);
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
  push_written(notifications, target, execution_id, std::move(event), charged);
  return true;
}

// No late output can come any more.
void Session::end_late(Notifications &notifications) {
  for (const auto &[id, weak] : std::exchange(ended_, {})) {
    const auto execution = weak.lock();
    if (!execution) {
      continue;
    }
    execution->uncredited_bytes = 0;  // no worker waits for it
    if (execution->events.end_late()) {
      notifications.add(execution);
    }
  }
  late_held_ = 0;
  last_ended_id_ = 0;
}

}  // namespace capsule
