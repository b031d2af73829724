#include "checkpoint/checkpoint.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/random.hpp"
#include "base/text_view.hpp"
#include "capsule/value.h"

namespace capsule {
namespace {

using nlohmann::json;

std::int32_t kind_named(const std::string &kind) {
  return kind == "function" ? CAPSULE_NAME_FUNCTION
         : kind == "class"  ? CAPSULE_NAME_CLASS
         : kind == "module" ? CAPSULE_NAME_MODULE
                            : CAPSULE_NAME_VALUE;
}

std::uint64_t &count_of(capsule_checkpoint_info &info, std::int32_t kind) {
  return kind == CAPSULE_NAME_FUNCTION ? info.functions
         : kind == CAPSULE_NAME_CLASS  ? info.classes
         : kind == CAPSULE_NAME_MODULE ? info.modules
                                       : info.values;
}

std::int64_t unix_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

Result<std::shared_ptr<Checkpoint>> Checkpoint::make(const CheckpointOrigin &origin, SharedBuffer memory,
                                                     std::size_t manifest_bytes, int level, std::string key) {
  const std::shared_ptr<Checkpoint> checkpoint(new Checkpoint);
  checkpoint->id_ = random_id();
  checkpoint->name_ = origin.name;
  json host = {{"id", checkpoint->id_},        {"parent_id", origin.parent_id},   {"name", origin.name},
               {"created_unix_ns", unix_ns()}, {"session_id", origin.session_id}, {"execution_id", origin.execution_id}};
  if (!origin.metadata.empty()) {
    host["metadata"] = origin.metadata;
  }
  const std::string_view all(static_cast<const char *>(memory.data()), memory.size());
  // The worker's part is not parsed for this: it may be large.
  std::string whole = R"({"host":)" + host.dump() + R"(,"worker":)";
  whole.append(all.substr(0, manifest_bytes)).append("}");
  checkpoint->raw_ = Raw{std::move(whole), std::move(memory), all.substr(manifest_bytes), level, std::move(key)};
  return checkpoint;
}

Status Checkpoint::encode() {
  if (!raw_) {
    return {};
  }
  auto bytes = encode_container(raw_->manifest, raw_->body, raw_->level, raw_->key);
  Status status = bytes.status();
  if (status.ok()) {
    status = open(std::move(bytes.value()), raw_->key, raw_->body.size(), Tag::kOwn);
  }
  if (status.ok()) {
    raw_.reset();
  }
  return status;
}

Result<std::string_view> Checkpoint::bytes() {
  const std::lock_guard lock(mutex_);
  const Status status = encode();
  return status.ok() ? Result<std::string_view>(bytes_) : status;
}

bool Checkpoint::is_verified() {
  const std::lock_guard lock(mutex_);
  return raw_ || container_.is_verified;
}

Result<std::shared_ptr<Checkpoint>> Checkpoint::read(std::string bytes, std::string_view key, std::uint64_t max_bytes) {
  const std::shared_ptr<Checkpoint> checkpoint(new Checkpoint);
  Status status = checkpoint->open(std::move(bytes), key, max_bytes, Tag::kChecked);
  if (status.ok()) {
    status = checkpoint->describe();
  }
  return status.ok() ? Result<std::shared_ptr<Checkpoint>>(checkpoint) : status;
}

Status Checkpoint::open(std::string bytes, std::string_view key, std::uint64_t max_bytes, Tag tag) {
  bytes_ = std::move(bytes);
  auto container = read_container(bytes_, key, {kMaxManifest, max_bytes}, tag);
  container_ = container.ok() ? container.value() : Container();
  return container.status();
}

// Of one that was just made it is read only when somebody asks: it takes as long as the rest.
Status Checkpoint::describe() {
  const std::lock_guard lock(mutex_);
  if (Status status = encode(); !status.ok()) {
    return status;
  }
  if (!std::exchange(described_, true)) {
    try {
      read_manifest();
    } catch (const std::exception &error) {  // of the parser, or of lists that are not of one length
      description_ = Status(CAPSULE_E_CHECKPOINT, std::string("checkpoint: its manifest cannot be read: ") + error.what());
    }
  }
  return description_;
}

void Checkpoint::read_host(const json &host) {
  if (id_.empty()) {  // of one that was made here they are known, and read without the mutex
    name_ = host.at("name").get<std::string>();
    id_ = host.at("id").get<std::string>();
  }
  parent_id_ = host.at("parent_id").get<std::string>();
  metadata_ = host.value("metadata", "");
  info_.name = text_of(name_);
  info_.id = text_of(id_);
  info_.parent_id = text_of(parent_id_);
  info_.metadata = text_of(metadata_);
  info_.created_unix_ns = host.at("created_unix_ns").get<std::int64_t>();
  info_.session_id = host.at("session_id").get<std::uint64_t>();
  info_.execution_id = host.at("execution_id").get<std::uint64_t>();
}

void Checkpoint::read_manifest() {
  const json manifest = json::parse(container_.manifest);
  const json &host = manifest.at("host");
  const json &worker = manifest.at("worker");
  read_host(host);
  info_.duration_ns = worker.value("duration_ns", std::uint64_t{0});
  python_version_ = worker.at("python_version").get<std::string>();
  info_.format = static_cast<std::int32_t>(kContainerFormat);
  info_.python_version = text_of(python_version_);
  info_.imports = worker.at("imports").size();
  info_.body_bytes = container_.body_bytes;
  info_.size_bytes = bytes_.size();
  info_.is_signed = container_.is_signed ? 1 : 0;
  info_.is_verified = container_.is_verified ? 1 : 0;
  for (const json &group : worker.at("entries")) {
    const std::int32_t kind = kind_named(group.at("kind").get<std::string>());
    const std::vector<std::string> names = lines_of(group.at("names").get<std::string>());
    const std::vector<std::string> types = lines_of(group.at("types").get<std::string>());
    for (std::size_t i = 0; i < names.size(); ++i) {
      entries_.push_back({names[i], types.size() == 1 ? types.front() : types.at(i), {}, CAPSULE_ENTRY_OK, kind});
      ++count_of(info_, kind);
    }
  }
  info_.names = entries_.size();
  for (const json &entry : worker.at("skipped")) {
    entries_.push_back({entry.at("name").get<std::string>(), entry.at("type").get<std::string>(),
                        entry.at("reason").get<std::string>(), CAPSULE_ENTRY_SKIPPED, 0});
    ++info_.skipped;
  }
}

Result<UniqueFd> Checkpoint::unpack(std::uint64_t &manifest_size) {
  const std::lock_guard lock(mutex_);
  UniqueFd file(memfd_create("capsule-checkpoint", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) {
    return system_error("memfd_create", errno);
  }
  manifest_size = raw_ ? raw_->manifest.size() : container_.manifest.size();
  const Container uncompressed = raw_ ? Container{.manifest = raw_->manifest, .stored_body = raw_->body} : container_;
  if (Status status = unpack_container(uncompressed, file.get()); !status.ok()) {
    return status;
  }
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return system_error("fcntl(F_ADD_SEALS)", errno);
  }
  return file;
}

Result<std::vector<Checkpoint::Entry>> read_report(std::string_view text) {
  std::vector<Checkpoint::Entry> entries;
  try {
    const json report = json::parse(text);
    const auto add = [&](const char *list, std::int32_t status) {
      for (const json &one : report.at(list)) {
        entries.push_back(
            one.is_string()
                ? Checkpoint::Entry{one.get<std::string>(), {}, {}, status, 0}
                : Checkpoint::Entry{one.at("name").get<std::string>(), {}, one.at("reason").get<std::string>(), status, 0});
      }
    };
    add("restored", CAPSULE_ENTRY_OK);
    add("from_source", CAPSULE_ENTRY_FROM_SOURCE);
    add("skipped", CAPSULE_ENTRY_SKIPPED);
    add("failed", CAPSULE_ENTRY_FAILED);
  } catch (const json::exception &error) {
    return Status(CAPSULE_E_PROTOCOL, std::string("the worker's report cannot be read: ") + error.what());
  }
  return entries;
}

}  // namespace capsule
