#include "diagnostics/code_map.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.hpp"
#include "base/utf8.hpp"

namespace capsule {
namespace {

constexpr std::size_t kMostMapBytes = std::size_t{1} << 20U;
constexpr std::uint64_t kMostSymbols = 65'536;
constexpr std::uint16_t kMostHeaders = 64;
constexpr std::uint64_t kMostDynamic = 256;
constexpr std::size_t kLongestName = 256;
constexpr std::uint64_t kPageMask = 4095;

std::string read_maps(pid_t pid) {
  const UniqueFd file(open(("/proc/" + std::to_string(pid) + "/maps").c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[16'384];
  while (text.size() < kMostMapBytes) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count <= 0) {
      break;
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

CodeMap::CodeMap(pid_t pid, ProcessMemory &memory) : memory_(memory) {
  const std::string text = read_maps(pid);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) {
      break;
    }
    add(text.substr(at, end - at));
    at = end + 1;
  }
}

// `55d0c000-55d0d000 r-xp 00001000 08:01 1234   /usr/bin/python3`
void CodeMap::add(const std::string &line) {
  Mapping mapping{};
  std::uint64_t offset = 0;
  char rights[5] = {};
  int path_at = 0;
  if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &mapping.begin, &mapping.end, rights,
                  &offset, &path_at) != 4) {
    return;
  }
  mapping.code = rights[2] == 'x';
  mapping.module = kNoModule;
  const std::string_view path = std::string_view(line).substr(std::min(static_cast<std::size_t>(path_at), line.size()));
  if (path.starts_with('/') || path == "[vdso]") {
    std::string name;
    utf8_replace_invalid(path, name);
    const bool goes_on = !modules_.empty() && modules_.back().path() == name && offset != 0;
    if (!goes_on) {
      modules_.emplace_back(std::move(name), mapping.begin);
    }
    mapping.module = modules_.size() - 1;
  }
  mappings_.push_back(mapping);
}

const CodeMap::Mapping *CodeMap::mapping_of(std::uint64_t address) const {
  const auto after = std::upper_bound(mappings_.begin(), mappings_.end(), address,
                                      [](std::uint64_t wanted, const Mapping &mapping) { return wanted < mapping.begin; });
  if (after == mappings_.begin() || address >= std::prev(after)->end) {
    return nullptr;
  }
  return &*std::prev(after);
}

bool CodeMap::is_code(std::uint64_t address) const {
  const Mapping *mapping = mapping_of(address);
  return mapping != nullptr && mapping->code;
}

CodeMap::Module *CodeMap::find(std::uint64_t address) {
  const Mapping *mapping = mapping_of(address);
  if (mapping == nullptr || mapping->module == kNoModule) {
    return nullptr;
  }
  Module &module = modules_[mapping->module];
  module.read_headers(memory_);
  return &module;
}

void CodeMap::Module::read_headers(ProcessMemory &memory) {
  if (std::exchange(headers_read_, true)) {
    return;
  }
  bias_ = begin_;
  const auto header = memory.get<Elf64_Ehdr>(begin_);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_phentsize != sizeof(Elf64_Phdr)) {
    return;
  }
  bool based = false;
  for (std::uint16_t i = 0; i < std::min(header->e_phnum, kMostHeaders); ++i) {
    const auto part = memory.get<Elf64_Phdr>(begin_ + header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!part) {
      return;
    }
    if (part->p_type == PT_LOAD && !based) {
      based = true;
      bias_ = begin_ - (part->p_vaddr & ~kPageMask);
    } else if (part->p_type == PT_DYNAMIC) {
      dynamic_ = part->p_vaddr;
    } else if (part->p_type == PT_GNU_EH_FRAME) {
      unwind_header_ = part->p_vaddr;
      unwind_header_bytes_ = part->p_memsz;
    }
  }
  dynamic_ = dynamic_ == 0 ? 0 : dynamic_ + bias_;
  unwind_header_ = unwind_header_ == 0 ? 0 : unwind_header_ + bias_;
}

// Of a DT_GNU_HASH table, which alone says it: the last symbol of the last chain.
std::uint64_t CodeMap::Module::count_symbols(ProcessMemory &memory, std::uint64_t hash_table) {
  const auto header = memory.get<std::array<std::uint32_t, 4>>(hash_table);
  if (!header) {
    return 0;
  }
  const auto [buckets, first_hashed, words, shift] = *header;
  if (buckets > kMostSymbols || words > kMostSymbols || first_hashed > kMostSymbols) {
    return 0;
  }
  const std::uint64_t bucket_table = hash_table + sizeof *header + std::uint64_t{words} * sizeof(std::uint64_t);
  std::vector<std::uint32_t> heads(buckets);
  if (!memory.read(bucket_table, heads.data(), heads.size() * sizeof heads[0])) {
    return 0;
  }
  std::uint64_t last = heads.empty() ? 0 : *std::max_element(heads.begin(), heads.end());
  if (last < first_hashed) {
    return first_hashed;
  }
  const std::uint64_t chains = bucket_table + heads.size() * sizeof heads[0];
  while (last < kMostSymbols) {
    const auto link = memory.get<std::uint32_t>(chains + (last - first_hashed) * sizeof(std::uint32_t));
    if (!link) {
      return 0;
    }
    ++last;
    if ((*link & 1U) != 0) {
      break;
    }
  }
  return last >= kMostSymbols ? 0 : last;
}

void CodeMap::Module::read_symbols(ProcessMemory &memory, std::uint64_t &symbols_left) {
  if (std::exchange(symbols_read_, true) || dynamic_ == 0) {
    return;
  }
  std::uint64_t table = 0;
  std::uint64_t hash_table = 0;
  for (std::uint64_t i = 0; i < kMostDynamic; ++i) {
    const auto entry = memory.get<Elf64_Dyn>(dynamic_ + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) {
      break;
    }
    if (entry->d_tag == DT_SYMTAB) {
      table = absolute(entry->d_un.d_ptr);
    } else if (entry->d_tag == DT_STRTAB) {
      names_ = absolute(entry->d_un.d_ptr);
    } else if (entry->d_tag == DT_STRSZ) {
      names_bytes_ = entry->d_un.d_val;
    } else if (entry->d_tag == DT_GNU_HASH) {
      hash_table = absolute(entry->d_un.d_ptr);
    }
  }
  if (table == 0 || names_ == 0 || hash_table == 0) {
    return;
  }
  static_assert(sizeof(Entry) == sizeof(Elf64_Sym));
  const std::uint64_t count = count_symbols(memory, hash_table);
  if (count > symbols_left) {
    return;
  }
  symbols_left -= count;
  symbols_.resize(count);
  if (!symbols_.empty() && !memory.read_anew(table, symbols_.data(), symbols_.size() * sizeof(Entry))) {
    symbols_.clear();
  }
}

std::optional<CodeMap::Symbol> CodeMap::symbol_at(Module &module, std::uint64_t address) {
  module.read_symbols(memory_, symbols_left_);
  return module.symbol_at(memory_, address);
}

std::optional<CodeMap::Symbol> CodeMap::Module::symbol_at(ProcessMemory &memory, std::uint64_t address) const {
  const std::uint64_t offset = offset_of(address);
  for (const Entry &entry : symbols_) {
    const unsigned type = ELF64_ST_TYPE(entry.info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || entry.section == SHN_UNDEF || offset < entry.value ||
        offset - entry.value >= entry.size || entry.name >= names_bytes_) {
      continue;
    }
    char name[kLongestName] = {};
    const std::size_t most = std::min<std::uint64_t>(sizeof name - 1, names_bytes_ - entry.name);
    if (!memory.read(names_ + entry.name, name, most)) {
      return std::nullopt;
    }
    Symbol symbol{.offset = offset - entry.value};
    utf8_replace_invalid(name, symbol.name);
    return symbol;
  }
  return std::nullopt;
}

}  // namespace capsule
