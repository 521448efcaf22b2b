package scaling

import (
	"encoding/json"
	"testing"
)

func TestAnArmIsWrittenInLowerCaseAndReadFromOlderFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old, now string
		arm      Arm
	}{
		{`{"Method":"bf","Budget":3,"Text":""}`, `{"method":"bf","budget":3}`, Arm{Method: "bf", Budget: 3}},
		{`{"Method":"wait","Budget":2,"Text":"Hmm"}`, `{"method":"wait","budget":2,"text":"Hmm"}`, Arm{Method: "wait", Budget: 2, Text: "Hmm"}},
	} {
		b, err := json.Marshal(c.arm)
		if err != nil || string(b) != c.now {
			t.Errorf("%+v is written as %s (%v), want %s", c.arm, b, err, c.now)
		}
		for _, s := range []string{c.old, c.now} {
			var got Arm
			if err := json.Unmarshal([]byte(s), &got); err != nil || got != c.arm {
				t.Errorf("%s is read as %+v: %v", s, got, err)
			}
		}
	}
}
