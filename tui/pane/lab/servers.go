package lab

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

const (
	mostServers = 8  // that are listed below the form
	serverName  = 21 // cells of one: an address and a port
	badgeCells  = 10
)

// badge is how a word for the way a budget is kept is shown: what is only hoped for is no small print.
func (p *Pane) badge(word string) theme.Role {
	switch word {
	case "exact", "emulated":
		return theme.Text
	}
	return theme.Warn
}

// stand is the servers of the form with how they keep a budget, most rows at most.
func (p *Pane) stand(width, most int) (rows []string) {
	for i := range p.Servers {
		if len(rows) == most-1 && len(p.Servers) > most {
			return append(rows, p.row(width).To(gutter).Add(theme.Dim, fmt.Sprintf("and %d servers more", len(p.Servers)-i)).String())
		}
		s := &p.Servers[i]
		r := p.row(width).To(gutter).Add(theme.Text, text.Short(oneLine(s.Name), serverName, p.Theme)).Add(theme.Text, " ").To(gutter + serverName + 1)
		if s.Badge != "" {
			r.Add(p.badge(s.Badge), text.Short(oneLine(s.Badge), badgeCells, p.Theme)).Add(theme.Text, " ").To(gutter + serverName + 1 + badgeCells + 1)
		}
		switch {
		case s.Fault != "":
			r.Add(theme.Fault, oneLine(s.Fault))
		default:
			r.Add(theme.Dim, oneLine(s.Route)+" "+p.Theme.Glyphs.Dot+" "+oneLine(s.Model))
		}
		rows = append(rows, r.String())
	}
	return rows
}

// health is how the servers of a running sweep do, in one row: as many as there is room for, those in trouble first.
func (p *Pane) health(width int) string {
	o := p.Report
	r := p.row(width).To(gutter).Add(theme.Dim, "servers")
	left := len(o.Servers)
	show := func(troubled bool) {
		for i := range o.Servers {
			s := &o.Servers[i]
			if (s.State != "") != troubled || left == 0 {
				continue
			}
			words := fmt.Sprintf("   %s %s", text.Short(oneLine(s.Name), serverName, p.Theme), text.Count(s.Done))
			if s.State != "" {
				words += " " + s.State
			}
			more := fmt.Sprintf("   and %d more", left)
			if room := r.Left() - text.Width(words); room < 0 || left > 1 && room < len(more) {
				r.Add(theme.Dim, more)
				left = 0
				return
			}
			role := theme.Text
			if troubled {
				role = theme.Warn
			}
			r.Add(role, words)
			left--
		}
	}
	show(true)
	show(false)
	return r.String()
}
