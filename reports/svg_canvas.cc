#include "reports/svg_canvas.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "analyzer/base/text.h"

namespace gable::svg {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    default:
      return static_cast<unsigned char>(c) < 0x20U && c != '\n' && c != '\t' ? kReplacement : "";
  }
}

void append_escaped(std::string& out, std::string_view valid) {
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const std::string_view rest = valid.substr(i);
    if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {
      out += kReplacement;
      i += 2;
    } else if (const std::string_view named = entity(valid[i]); !named.empty()) {
      out += named;
    } else {
      out += valid[i];
    }
  }
}

// Advance widths of ' ' to '~' in thousandths of the font size: table hmtx of DejaVu Sans 2.37.
// clang-format off
constexpr std::array<int, 95> kAdvances = {
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,  // space to /
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,  // 0 to ?
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,  // @ to O
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,  // P to _
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,  // ` to o
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838};      // p to ~
// clang-format on
constexpr int kOtherAdvance = 1000;  ///< of all else: as wide as an ideograph

double advance(char c) {
  if (is_continuation(c)) return 0;
  return (c >= ' ' && c <= '~' ? kAdvances.at(static_cast<std::size_t>(c - ' ')) : kOtherAdvance) / 1000.0;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    append_escaped(out, text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += kReplacement;
    text.remove_prefix(1);
  }
  return out;
}

double text_width(std::string_view text, double size) {
  double width = 0;
  for (const char c : text) width += advance(c);
  return width * size;
}

std::string fit_text(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  while (!text.empty() && text_width(text, size) + size > width) {
    while (is_continuation(text.back()) && text.size() > 1) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  return fmt::format("{}{}", trim(text), kEllipsis);
}

std::vector<std::string> wrap_text(std::string_view text, double size, double width) {
  std::vector<std::string> lines;
  for (const std::string& word : split(text, ' ')) {
    const std::string longer = lines.empty() ? word : fmt::format("{} {}", lines.back(), word);
    if (!lines.empty() && text_width(longer, size) <= width) {
      lines.back() = longer;
    } else {
      lines.push_back(fit_text(word, size, width));
    }
  }
  return lines;
}

std::string px(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

void Canvas::open(std::string_view name, std::string_view attributes) {
  fmt::format_to(std::back_inserter(out_), "<{} {}>\n", name, attributes);
  open_ += '/';
  open_ += name;
}

void Canvas::close() {
  const std::size_t at = open_.rfind('/');
  fmt::format_to(std::back_inserter(out_), "</{}>\n", open_.substr(at + 1));
  open_.resize(at);
}

void Canvas::title(std::string_view text) {
  fmt::format_to(std::back_inserter(out_), "<title>{}</title>\n", escape_xml(text));
}

void Canvas::line(const Segment& at) {
  fmt::format_to(std::back_inserter(out_), "<path d=\"M{} {}L{} {}\"/>\n", px(at.a.x), px(at.a.y), px(at.b.x),
                 px(at.b.y));
}

void Canvas::rect(const Box& at) {
  fmt::format_to(std::back_inserter(out_), "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", px(at.left),
                 px(at.top), px(at.right - at.left), px(at.bottom - at.top));
}

void Canvas::circle(Point center, double radius) {
  fmt::format_to(std::back_inserter(out_), "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", px(center.x), px(center.y),
                 px(radius));
}

void Canvas::diamond(Point center, double radius) {
  fmt::format_to(std::back_inserter(out_), "<path d=\"M{0} {3}L{1} {4}L{0} {5}L{2} {4}Z\"/>\n", px(center.x),
                 px(center.x + radius), px(center.x - radius), px(center.y - radius), px(center.y),
                 px(center.y + radius));
}

void Canvas::text(Point at, std::string_view text, const TextStyle& style) { this->text(at, text, "", style); }

void Canvas::text(Point at, std::string_view text, std::string_view muted, const TextStyle& style) {
  auto out = std::back_inserter(out_);
  fmt::format_to(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"", px(at.x), px(at.y), px(style.size),
                 style.fill);
  if (style.anchor != "start") fmt::format_to(out, " text-anchor=\"{}\"", style.anchor);
  if (style.angle != 0) fmt::format_to(out, " transform=\"rotate({} {} {})\"", px(style.angle), px(at.x), px(at.y));
  if (style.bold) out_ += " font-weight=\"bold\"";
  if (style.halo) out_ += R"( stroke="#fff" stroke-width="3" stroke-linejoin="round" paint-order="stroke")";
  fmt::format_to(out, ">{}", escape_xml(text));
  // The space stands before the tspan: some viewers drop one at the start of it.
  if (!muted.empty()) fmt::format_to(out, " <tspan fill=\"#666\">{}</tspan>", escape_xml(muted));
  out_ += "</text>\n";
}

void Canvas::mark(Bound bound, Point center, double radius) {
  if (bound == Bound::kCompute) return circle(center, radius);
  if (bound == Bound::kMemory) {
    const double half = radius * 0.886227;  // sqrt(pi) / 2
    return rect({center.x - half, center.y - half, center.x + half, center.y + half});
  }
  const double side = radius * 2.693547;  // sqrt(4 pi / sqrt(3)), equilateral
  const double up = side / std::sqrt(3.0);
  fmt::format_to(std::back_inserter(out_), "<path d=\"M{} {}L{} {}L{} {}Z\"/>\n", px(center.x), px(center.y - up),
                 px(center.x - side / 2), px(center.y + up / 2), px(center.x + side / 2), px(center.y + up / 2));
}

std::string Canvas::take() { return std::move(out_); }

std::string_view bound_color(Bound bound) {
  constexpr std::array<std::string_view, kBoundCount> kColors = {"#0072B2", "#E69F00", "#CC79A7"};
  return kColors.at(static_cast<std::size_t>(bound));
}

}  // namespace gable::svg
