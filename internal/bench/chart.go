package bench

import (
	"fmt"
	"html"
	"io"
)

// Sizes of the chart, in pixels.
const (
	chartWidth  = 960
	chartLeft   = 16
	barsWidth   = 560 // of the longest bar of a row
	barHeight   = 12
	rowHeight   = 64
	chartMargin = 44
)

// The colours are readable on white and on black; text takes the reader's.
const chartHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" aria-label="%[3]s">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.faint { fill: #6e7781 }
.ours { fill: #2f81f7 }
.missed { fill: #d9822b }
.theirs { fill: #8b949e }
.goal { stroke: #24292f; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .faint { fill: #9198a1 }
  .goal { stroke: #e6edf3 }
}
</style>
`

// Chart draws each row of the report: ours above the yardstick's, and a line where the goal is.
func (r *Report) Chart(w io.Writer) error {
	svg := &errorWriter{w: w}
	svg.printf(chartHead, chartWidth, chartMargin+rowHeight*len(r.Rows), html.EscapeString(r.summary()))
	svg.printf(`<rect class="ours" x="%d" y="12" width="12" height="12"/><text x="%d" y="23">ours</text>`, chartLeft, chartLeft+18)
	svg.printf(`<rect class="missed" x="%d" y="12" width="12" height="12"/><text x="%d" y="23">ours, goal missed</text>`,
		chartLeft+64, chartLeft+82)
	svg.printf(`<rect class="theirs" x="%d" y="12" width="12" height="12"/><text x="%d" y="23">yardstick</text>`,
		chartLeft+204, chartLeft+222)
	svg.printf(`<line class="goal" x1="%[1]d" y1="10" x2="%[1]d" y2="26"/><text x="%[2]d" y="23">goal</text>`+"\n",
		chartLeft+300, chartLeft+308)
	for i, row := range r.Rows {
		row.draw(svg, chartMargin+i*rowHeight)
	}
	svg.printf("</svg>\n")
	return svg.err
}

// draw draws a row from y downwards.
func (r Row) draw(svg *errorWriter, y int) {
	ours, theirs := median(r.Ours), median(r.Theirs)
	goal := r.Goal.Value
	if r.Yardstick != "" {
		goal *= theirs
	}
	longest := max(ours, theirs, goal)
	bar := func(class string, y int, value float64, label string) {
		length := r.length(value, longest)
		svg.printf(`<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, chartLeft, y, length, barHeight)
		svg.printf(`<text class="faint" x="%.1f" y="%d">%s</text>`, chartLeft+length+6, y+barHeight-1, html.EscapeString(label))
	}
	svg.printf(`<text x="%d" y="%d">%s <tspan class="faint">%s</tspan></text>`, chartLeft, y+10,
		html.EscapeString(r.Job), html.EscapeString(r.Measure))
	svg.printf(`<text x="%d" y="%d" text-anchor="end">%s <tspan class="faint">(%s)</tspan></text>`, chartWidth-chartLeft, y+32,
		html.EscapeString(r.figure()), html.EscapeString(r.Goal.String()))
	class := "ours"
	if !r.Met {
		class = "missed"
	}
	bar(class, y+17, ours, short(ours))
	if r.Yardstick != "" {
		bar("theirs", y+19+barHeight, theirs, fmt.Sprintf("%s %s", short(theirs), r.Yardstick))
	}
	svg.printf(`<line class="goal" x1="%[1]d" y1="%[2]d" x2="%[1]d" y2="%[3]d"/>`+"\n",
		chartLeft+int(r.length(goal, longest)), y+13, y+18+barHeight)
}

// length is that of a bar. The longest leaves place for its label.
func (r Row) length(value, longest float64) float64 {
	if longest <= 0 {
		return 0
	}
	return barsWidth * max(value, 0) / longest
}
