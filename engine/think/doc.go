// Package think is budget forcing: it decides, token by token, whether a branch thinks on, is made to stop, is
// made to go on ("Wait"), or answers, and it accounts for every token it let through.
//
// It is a pure state machine. It knows vocabulary ids, their bytes, a budget and the user's commands. It knows no
// model, no sampler, no clock, no goroutine and no screen: the same calls always give the same actions.
//
// The scheduler owns one Machine per branch and drives it like this:
//
//	for {
//		apply every waiting trace.Command with Command
//		switch a := m.Next(); a.Kind {
//		case Hold:    wait for a command
//		case End:     Receipt, done
//		case Rewind:  drop the last a.N positions, run the last kept token again for its logits, Rewound
//		case Feed:    append a.ID as a token; Fed(its true signals); run the model on it
//		case Sample:  id := draw(logits, a.Mask, position, a.Draw)
//		              v := Took(id, signals); if v.Accepted { append it; run the model on it }
//		                                      otherwise ask Next again with the same logits
//		}
//		hand Notices to the user
//	}
//
// The life of a branch:
//
//	opening --(Open fed)--> thinking --(end drawn, or close fed)--> closing --(Close fed)--> answering --> ended
//	                          |   ^
//	         end drawn, waits |   | Wait fed
//	              left        +---+
//
// What counts: a thinking token is an id between the opening and the close, sampled or injected (a Wait text, a
// user's text). The ids of the opening and of the close are not counted. With the exact rule (no preset) the number
// of thinking tokens never passes the cap that is in force; tokens already spent when the cap is lowered stay, and
// none follows them.
package think
