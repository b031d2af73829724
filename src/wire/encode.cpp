// From plain values to frames.
#include <flatbuffers/flatbuffers.h>

#include "base/clock.hpp"
#include "wire/codec.hpp"
#include "wire_generated.h"

namespace capsule::wire {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using StringOffset = flatbuffers::Offset<flatbuffers::String>;
using StringsOffset = flatbuffers::Offset<flatbuffers::Vector<StringOffset>>;
using AnyOffset = flatbuffers::Offset<void>;

StringOffset text(Builder &builder, Text value) {
  return value.data() == nullptr ? StringOffset() : builder.CreateString(value.data(), value.size());
}

StringsOffset texts(Builder &builder, const std::vector<Text> &values) {
  std::vector<StringOffset> offsets;
  offsets.reserve(values.size());
  for (const Text value : values) {
    offsets.push_back(builder.CreateString(value.data(), value.size()));
  }
  return builder.CreateVector(offsets);
}

// One overload a message: the table's offset and its union tag.
struct BodyBuilder {
  Builder &b;

  std::pair<fb::Body, AnyOffset> operator()(const Unknown &) const { return {fb::Body::NONE, AnyOffset()}; }
  std::pair<fb::Body, AnyOffset> operator()(const Hello &m) const {
    return {fb::Body::Hello, fb::CreateHello(b, m.protocol_major, m.protocol_minor, m.features, m.max_frame_bytes, m.session_id,
                                             m.heartbeat_interval_ms, m.output_window_bytes, m.output_policy, m.idle_tasks,
                                             m.coalesce_carriage_returns, m.drain_timeout_ms, m.input_timeout_ms,
                                             m.display_limit_bytes, m.progress_interval_ns, m.async_flags, m.ast_cache_entries,
                                             m.code_cache_entries, m.calls, m.trace_level, m.trace_messages, m.trace_half)
                                 .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const HelloAck &m) const {
    const auto reason = text(b, m.reason);
    return {fb::Body::HelloAck, fb::CreateHelloAck(b, m.protocol_major, m.protocol_minor, m.features, reason).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Preload &m) const {
    const auto modules = texts(b, m.modules);
    const auto allow = texts(b, m.native_thread_allow);
    return {fb::Body::Preload, fb::CreatePreload(b, modules, allow).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Ready &m) const {
    const auto version = text(b, m.python_version);
    const auto path = text(b, m.python_path);
    const auto capabilities = texts(b, m.capabilities);
    const auto native = texts(b, m.native_thread_modules);
    const auto failure = text(b, m.failure);
    return {fb::Body::Ready, fb::CreateReady(b, m.pid, version, path, capabilities, native, failure).Union()};
  }
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes(Text data) const {
    return b.CreateVector(reinterpret_cast<const std::uint8_t *>(data.data()), data.size());
  }
  // Absent where there are none.
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Item>>> items(const std::vector<Item> &list) const {
    if (list.empty()) {
      return 0;
    }
    std::vector<flatbuffers::Offset<fb::Item>> offsets;
    offsets.reserve(list.size());
    for (const Item &one : list) {
      offsets.push_back(item(one));
    }
    return b.CreateVector(offsets);
  }
  flatbuffers::Offset<fb::Item> item(const Item &m) const {
    const auto name = text(b, m.name);
    const auto data = bytes(m.data);
    const auto format = text(b, m.format);
    const auto shape = b.CreateVector(m.shape);
    return fb::CreateItem(b, name, m.kind, data, format, shape, m.attached);
  }
  flatbuffers::Offset<fb::Bill> bill(const std::optional<Bill> &m) const {
    return m ? fb::CreateBill(b, m->user_cpu_ns, m->system_cpu_ns, m->peak_resident_delta_bytes, m->minor_faults,
                              m->major_faults, m->voluntary_switches, m->involuntary_switches)
             : 0;
  }
  std::pair<fb::Body, AnyOffset> operator()(const Fork &m) const {
    return {fb::Body::Fork, fb::CreateFork(b, m.session_id, m.spawn, m.keep).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Forked &m) const {
    const auto failure = text(b, m.failure);
    return {fb::Body::Forked, fb::CreateForked(b, m.session_id, m.pid, failure).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Exited &m) const {
    return {fb::Body::Exited, fb::CreateExited(b, m.session_id, m.pid, m.exit_code, m.signal_number, m.orphans_killed).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Heartbeat &m) const {
    return {fb::Body::Heartbeat,
            fb::CreateHeartbeat(b, m.resident_bytes, m.private_bytes, m.cpu_ns, m.threads, m.namespace_size, m.execution_age_ns,
                                m.send_failures, m.peak_resident_bytes, m.shared_bytes, m.open_descriptors,
                                m.namespace_counted_ns, m.execution_id)
                .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Execute &m) const {
    const auto source = text(b, m.source);
    const auto file_name = text(b, m.file_name);
    const auto traceparent = text(b, m.traceparent);
    const auto tracestate = text(b, m.tracestate);
    const auto inputs = items(m.inputs);
    return {fb::Body::Execute, fb::CreateExecute(b, source, file_name, traceparent, tracestate, m.mode, m.names_scope, inputs,
                                                 m.result_kind, m.discard_sources, m.watch_effects)
                                   .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Output &m) const {
    const auto data = bytes(m.data);
    return {fb::Body::Output,
            fb::CreateOutput(b, m.stream, data, m.queue_position, m.captured_position, m.origin, m.writer_id).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const InputRequest &m) const {
    const auto prompt = text(b, m.prompt);
    return {fb::Body::InputRequest, fb::CreateInputRequest(b, m.input_id, prompt, m.secret, m.timeout_ms).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const InputResponse &m) const {
    const auto answer = text(b, m.text);
    const auto failure = text(b, m.failure);
    return {fb::Body::InputResponse, fb::CreateInputResponse(b, m.input_id, answer, m.declined, failure).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Result &m) const {
    const auto repr = text(b, m.repr);
    const auto type_name = text(b, m.type_name);
    const auto json = text(b, m.json);
    const auto cost = bill(m.bill);
    const auto value = m.value ? answer(*m.value) : 0;
    return {fb::Body::Result, fb::CreateResult(b, repr, m.repr_size_bytes, type_name, json, m.duration_ns, cost,
                                               m.input_wait_ns, m.code_class, m.dropped_bytes, value, m.call_wait_ns)
                                  .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Error &m) const {
    const auto type = text(b, m.error_type);
    const auto message = text(b, m.message);
    const auto traceback = text(b, m.traceback);
    const auto cost = bill(m.bill);
    return {fb::Body::Error, fb::CreateError(b, type, message, traceback, m.exit_code, m.interrupted, m.duration_ns, cost,
                                             m.input_wait_ns, m.code_class, m.dropped_bytes, m.call_wait_ns)
                                 .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const TraceEvents &m) const {
    const auto words = b.CreateVector(m.words);
    return {fb::Body::TraceEvents, fb::CreateTraceEvents(b, words, m.dropped).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Cancel &) const { return {fb::Body::Cancel, fb::CreateCancel(b).Union()}; }
  std::pair<fb::Body, AnyOffset> operator()(const Interrupt &) const {
    return {fb::Body::Interrupt, fb::CreateInterrupt(b).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Shutdown &) const {
    return {fb::Body::Shutdown, fb::CreateShutdown(b).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Log &m) const {
    const auto line = text(b, m.line);
    return {fb::Body::Log, fb::CreateLog(b, m.level, line).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Credit &m) const {
    return {fb::Body::Credit, fb::CreateCredit(b, m.bytes).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Display &m) const {
    std::vector<flatbuffers::Offset<fb::MimePart>> parts;
    parts.reserve(m.parts.size());
    for (const MimePart &part : m.parts) {
      const auto type = text(b, part.mime_type);
      const auto data = b.CreateString(part.data.data(), part.data.size());
      parts.push_back(fb::CreateMimePart(b, type, data));
    }
    const auto id = text(b, m.display_id);
    const auto metadata = text(b, m.metadata);
    return {fb::Body::Display, fb::CreateDisplay(b, id, m.update, m.is_result, b.CreateVector(parts), metadata).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Progress &m) const {
    const auto id = text(b, m.progress_id);
    const auto label = text(b, m.label);
    return {fb::Body::Progress, fb::CreateProgress(b, id, m.value, m.total, label).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Ask &m) const {
    const auto name = text(b, m.name);
    const auto all = items(m.items);
    return {fb::Body::Ask,
            fb::CreateAsk(b, m.request_id, m.operation, name, m.kind, m.option, m.limit, m.fork_id, all, m.attached).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const Answer &m) const { return {fb::Body::Answer, answer(m).Union()}; }
  std::pair<fb::Body, AnyOffset> operator()(const Call &m) const {
    const auto capability = text(b, m.capability);
    const auto arguments = text(b, m.arguments);
    const auto site = text(b, m.site);
    const auto names = texts(b, m.names);
    std::vector<flatbuffers::Offset<fb::Answer>> values;
    values.reserve(m.values.size());
    for (const Answer &value : m.values) {
      values.push_back(answer(value));
    }
    return {fb::Body::Call, fb::CreateCall(b, m.call_id, capability, arguments, site, m.occurrence, m.timeout_ms,
                                           m.waits_on_work, names, b.CreateVector(values))
                                .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const CallAnswer &m) const {
    const auto value = m.value ? item(*m.value) : 0;
    const auto type = text(b, m.error_type);
    const auto message = text(b, m.message);
    const auto reason = text(b, m.reason);
    return {fb::Body::CallAnswer, fb::CreateCallAnswer(b, m.call_id, static_cast<std::uint8_t>(m.outcome), m.more, value, type,
                                                       message, reason, m.request_id, m.timeout_ms)
                                      .Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const CallGiveUp &m) const {
    return {fb::Body::CallGiveUp, fb::CreateCallGiveUp(b, m.call_id).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const CallCredit &m) const {
    return {fb::Body::CallCredit, fb::CreateCallCredit(b, m.call_id, m.count).Union()};
  }
  std::pair<fb::Body, AnyOffset> operator()(const CallPiece &m) const {
    const auto value = m.value ? answer(*m.value) : 0;
    return {fb::Body::CallPiece, fb::CreateCallPiece(b, m.call_id, m.end, value).Union()};
  }
  flatbuffers::Offset<fb::Answer> answer(const Answer &m) const {
    const auto message = text(b, m.message);
    const auto data = bytes(m.data);
    const auto type = text(b, m.type_name);
    const auto format = text(b, m.format);
    const auto shape = b.CreateVector(m.shape);
    const auto strides = b.CreateVector(m.strides);
    const auto names = texts(b, m.names);
    const auto types = texts(b, m.types);
    const auto sizes = b.CreateVector(m.sizes);
    const auto kinds = b.CreateVector(m.kinds);
    return fb::CreateAnswer(b, m.request_id, m.status, message, m.kind, data, type, format, shape, strides, m.size_bytes,
                            m.total, names, types, sizes, kinds, m.attached);
  }
};
}  // namespace

struct Encoder::Impl {
  Builder builder{1024};
  std::uint64_t next_message_id = 1;
};

Encoder::Encoder() : impl_(std::make_unique<Impl>()) {}
Encoder::~Encoder() = default;

std::span<const std::uint8_t> Encoder::encode(Envelope envelope) {
  Builder &builder = impl_->builder;
  // A buffer that a large frame has grown is given back, so that one 16 MiB source does not stay for the session's life.
  constexpr std::size_t kKeep = 256U << 10U;
  if (builder.GetSize() > kKeep) {
    builder = Builder{1024};
  }
  builder.Clear();
  const auto [tag, body] = std::visit(BodyBuilder{builder}, envelope.body);
  const std::uint64_t time_ns = envelope.time_ns == 0 ? monotonic_ns() : envelope.time_ns;
  const auto root = fb::CreateEnvelope(builder, impl_->next_message_id++, envelope.execution_id, time_ns, tag, body);
  fb::FinishSizePrefixedEnvelopeBuffer(builder, root);
  return {builder.GetBufferPointer(), builder.GetSize()};
}

}  // namespace capsule::wire
