// The few SVG elements that the roofline is drawn with, and the text measures that layout needs without a font engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/roofline/roofline.h"
#include "reports/svg_geometry.h"

namespace gable::svg {

/// Text for XML content and attributes: the five special characters as entities; what XML 1.0 does not allow (control
/// characters, invalid UTF-8, U+FFFE, U+FFFF) as U+FFFD.
std::string escape_xml(std::string_view text);

/// Width in px of `text` set in a sans-serif of `size` px, after DejaVu Sans, the widest of the usual ones.
double text_width(std::string_view text, double size);

/// `text`, cut to at most `width` px; what is cut ends in an ellipsis.
std::string fit_text(std::string_view text, double size, double width);

/// Lines of at most `width` px, broken at blanks; a word that is longer is cut.
std::vector<std::string> wrap_text(std::string_view text, double size, double width);

/// A coordinate: at most two decimals, no exponent. Not finite becomes 0, so that no viewer meets "nan".
std::string px(double value);

struct TextStyle {
  double size = 12;
  std::string_view fill = "#333";
  std::string_view anchor = "start";
  double angle = 0;  ///< degrees clockwise about the anchor
  bool bold = false;
  bool halo = false;  ///< a white outline, where text may lie on lines
};

/// Appends elements; whoever opens a group closes it.
class Canvas {
 public:
  void open(std::string_view name, std::string_view attributes);  ///< attributes are escaped by the caller
  void close();
  void title(std::string_view text);
  void line(const Segment& at);
  void rect(const Box& at);
  void circle(Point center, double radius);
  void diamond(Point center, double radius);
  void text(Point at, std::string_view text, const TextStyle& style);
  /// Text in two tones, a space between them.
  void text(Point at, std::string_view text, std::string_view muted, const TextStyle& style);
  /// The mark of a bound class, of the same area as a circle of that radius: circle, square or triangle.
  void mark(Bound bound, Point center, double radius);
  [[nodiscard]] std::string take();

 private:
  std::string out_;
  std::string open_;  ///< names of the open elements, each after a '/'
};

/// Okabe-Ito colours, apart in lightness too: blue, orange, reddish purple.
std::string_view bound_color(Bound bound);

}  // namespace gable::svg
