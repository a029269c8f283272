package page

import (
	"fmt"
	"math"
	"strings"

	"github.com/seed-54b7607b/orchestrator/bench/internal/result"
)

// The sizes of the plot, in pixels: panels of one curve each, side by side.
const (
	panelWidth  = 340
	panelHeight = 200
	perRow      = 3
	marginLeft  = 20
	marginRight = 40
	marginTop   = 50
	marginBelow = 30
)

const style = `<style>
text { font: 12px sans-serif; fill: #333; }
.name { font-weight: bold; }
.value, .size { font-size: 11px; text-anchor: middle; }
.size { fill: #777; }
.axis { stroke: #bbb; }
.curve { fill: none; stroke: #0b62a4; stroke-width: 2; }
.point { fill: #0b62a4; }
</style>
`

// Plot draws curves as an SVG. Both axes of a panel are logarithmic and its upper edge is at least
// 100 times its lower one, so that what is flat looks flat.
func Plot(curves []result.Curve) string {
	rows := (len(curves) + perRow - 1) / perRow
	width, height := perRow*panelWidth, rows*panelHeight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="growth curves">`+"\n", width, height, width, height)
	b.WriteString(style)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i := range curves {
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", i%perRow*panelWidth, i/perRow*panelHeight)
		drawPanel(&b, &curves[i])
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func drawPanel(b *strings.Builder, c *result.Curve) {
	const bottom = panelHeight - marginBelow
	fmt.Fprintf(b, `<text class="name" x="%d" y="20">%s</text>`+"\n", marginLeft, escape(c.Name))
	fmt.Fprintf(b, `<line class="axis" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", marginLeft, bottom, panelWidth-10, bottom)
	if len(c.Points) == 0 {
		return
	}
	at := scale(c)
	var path strings.Builder
	for _, p := range c.Points {
		x, y := at(p)
		fmt.Fprintf(&path, "%.1f,%.1f ", x, y)
	}
	fmt.Fprintf(b, `<polyline class="curve" points="%s"/>`+"\n", strings.TrimSpace(path.String()))
	for _, p := range c.Points {
		x, y := at(p)
		fmt.Fprintf(b, `<circle class="point" cx="%.1f" cy="%.1f" r="3"/>`+"\n", x, y)
		fmt.Fprintf(b, `<text class="value" x="%.1f" y="%.1f">%s</text>`+"\n", x, y-8, escape(figure(p.Value, c.Unit)))
		fmt.Fprintf(b, `<text class="size" x="%.1f" y="%d">%s</text>`+"\n", x, bottom+16, short(p.Size))
	}
}

// scale returns where in its panel a point of a curve is.
func scale(c *result.Curve) func(p result.Point) (x, y float64) {
	const little = 1e-3 // what is less is drawn there: a logarithm needs something
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range c.Points {
		v := math.Log10(max(p.Value, little))
		low, high = min(low, v), max(high, v)
	}
	if room := 2 - (high - low); room > 0 {
		low, high = low-room/2, high+room/2
	}
	first := math.Log10(float64(c.Points[0].Size))
	last := math.Log10(float64(c.Points[len(c.Points)-1].Size))
	const left, right = marginLeft + 25, panelWidth - marginRight
	const top, bottom = marginTop, panelHeight - marginBelow - 10
	return func(p result.Point) (x, y float64) {
		along := 0.5
		if last > first {
			along = (math.Log10(float64(p.Size)) - first) / (last - first)
		}
		up := (math.Log10(max(p.Value, little)) - low) / (high - low)
		return left + along*(right-left), bottom - up*(bottom-top)
	}
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
