#include "analyzer/trace/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "analyzer/base/error.h"
#include "analyzer/base/units.h"

namespace gable {
namespace {

InputError wrong(const std::string& path, const std::string& what) {
  return {Where{std::make_shared<const std::string>(path)}, what};
}

class FileSource : public ByteSource {
 public:
  explicit FileSource(std::string path) : path_(std::move(path)) {
    // Without waiting: a FIFO is refused below, not waited for.
    file_ = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status {};
    const int failed = file_ < 0 || fstat(file_, &status) != 0 ? errno : 0;
    if (failed == 0 && S_ISREG(status.st_mode)) {
      all_ = status.st_size;
      return;
    }
    if (file_ >= 0) close(file_);
    throw wrong(path_, failed == 0        ? "cannot read: not a regular file"
                       : failed == ENOENT ? "cannot read: no such file"
                                          : fmt::format("cannot read: {}", std::strerror(failed)));
  }
  ~FileSource() override { close(file_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::size_t read(char* to, std::size_t most) override {
    for (;;) {
      const ssize_t got = ::read(file_, to, most);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw wrong(path_, fmt::format("cannot read: {}", std::strerror(errno)));
      done_ += got;
      return static_cast<std::size_t>(got);
    }
  }
  [[nodiscard]] std::int64_t done_bytes() const override { return done_; }
  [[nodiscard]] std::int64_t all_bytes() const override { return all_; }

 private:
  std::string path_;
  int file_ = -1;
  std::int64_t done_ = 0;
  std::int64_t all_ = 0;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  std::size_t read(char* to, std::size_t most) override {
    const std::size_t got = std::min(most, bytes_.size() - done_);
    std::copy_n(bytes_.data() + done_, got, to);
    done_ += got;
    return got;
  }
  [[nodiscard]] std::int64_t done_bytes() const override { return static_cast<std::int64_t>(done_); }
  [[nodiscard]] std::int64_t all_bytes() const override { return static_cast<std::int64_t>(bytes_.size()); }

 private:
  std::string_view bytes_;
  std::size_t done_ = 0;
};

/// gzip of one or more members, as `cat a.gz b.gz` makes them; other bytes pass as they are.
class GzipSource : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> from, std::string name) : from_(std::move(from)), name_(std::move(name)) {
    refill();
    gzip_ = stream_.avail_in >= 2 && stream_.next_in[0] == 0x1F && stream_.next_in[1] == 0x8B;
    constexpr int kGzipWindow = 15 + 16;
    if (gzip_ && inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() override {
    if (gzip_) inflateEnd(&stream_);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* to, std::size_t most) override { return gzip_ ? inflated(to, most) : passed(to, most); }
  [[nodiscard]] std::int64_t done_bytes() const override { return from_->done_bytes(); }
  [[nodiscard]] std::int64_t all_bytes() const override { return from_->all_bytes(); }

 private:
  void refill() {
    stream_.avail_in = static_cast<uInt>(from_->read(reinterpret_cast<char*>(in_.data()), in_.size()));
    stream_.next_in = in_.data();
  }

  std::size_t passed(char* to, std::size_t most) {
    if (stream_.avail_in == 0) return from_->read(to, most);
    const std::size_t got = std::min<std::size_t>(most, stream_.avail_in);
    std::copy_n(stream_.next_in, got, to);
    stream_.next_in += got;
    stream_.avail_in -= static_cast<uInt>(got);
    return got;
  }

  std::size_t inflated(char* to, std::size_t most) {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(most, UINT32_MAX));
    const uInt before = stream_.avail_out;
    while (stream_.avail_out == before && !ended()) {
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_STREAM_END) {
        at_member_end_ = true;
        if (inflateReset(&stream_) != Z_OK) throw std::bad_alloc();
      } else if (state == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (state != Z_OK && state != Z_BUF_ERROR) {
        throw wrong(name_, fmt::format("damaged gzip: {}", stream_.msg != nullptr ? stream_.msg : "no deflate stream"));
      }
    }
    const std::size_t got = before - stream_.avail_out;
    refuse_bomb(got);
    return got;
  }

  /// Fetches input where there is none. True at the end of the last member.
  bool ended() {
    if (stream_.avail_in == 0) refill();
    if (stream_.avail_in == 0) {
      if (at_member_end_) return true;
      throw wrong(name_, "gzip that is cut short: copy the file again, or record again");
    }
    at_member_end_ = false;
    return false;
  }

  /// A trace of repeated events shrinks some 15 to 40 times; deflate can reach 1,032.
  void refuse_bomb(std::size_t got) {
    constexpr std::int64_t kHarmless = std::int64_t{64} << 20U;
    constexpr std::int64_t kMostRatio = 200;
    out_ += static_cast<std::int64_t>(got);
    if (out_ > kHarmless && out_ / kMostRatio > from_->done_bytes())
      throw wrong(name_, fmt::format("gzip that expands more than {} times: no trace does", kMostRatio));
  }

  std::unique_ptr<ByteSource> from_;
  std::string name_;
  bool gzip_ = false;
  bool at_member_end_ = false;
  std::int64_t out_ = 0;
  z_stream stream_{};
  std::array<Bytef, std::size_t{128} << 10U> in_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) {
  return std::make_unique<GzipSource>(std::make_unique<FileSource>(path), path);
}

std::unique_ptr<ByteSource> bytes_of(std::string_view bytes, const std::string& name) {
  return std::make_unique<GzipSource>(std::make_unique<MemorySource>(bytes), name);
}

std::string read_bytes(const std::string& path, std::int64_t most, const ReadProgress& progress) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  const std::unique_ptr<ByteSource> source = open_bytes(path);
  std::string text;
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + kPiece);
    const std::size_t got = source->read(text.data() + size, kPiece);
    text.resize(size + got);
    if (got == 0) return text;
    if (static_cast<std::int64_t>(text.size()) > most)
      throw wrong(path, fmt::format("cannot read: more than {} bytes", format_grouped(most)));
    if (progress) progress(source->done_bytes(), source->all_bytes());
  }
}

std::string head_of(const std::string& path, std::size_t most) {
  const std::unique_ptr<ByteSource> source = open_bytes(path);
  std::string head(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const std::size_t got = source->read(head.data() + size, most - size);
    if (got == 0) break;
    size += got;
  }
  head.resize(size);
  return head;
}

}  // namespace gable
