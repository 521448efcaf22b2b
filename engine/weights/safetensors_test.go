package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s1/kernels"
)

func halves() []Tensor {
	return []Tensor{
		{Name: "a.weight", Type: kernels.F32, Shape: []int{2, 3}, Data: Floats32([]float32{1, 2, 3, 4, 5, 6})},
		{Name: "norm", Type: kernels.BF16, Shape: []int{2}, Data: []byte{0x80, 0x3f, 0, 0xc0}}, // 1, -2
		{Name: "bias", Type: kernels.F16, Shape: []int{1}, Data: []byte{0, 0x3e}},              // 1.5
	}
}

func safetensors(t testing.TB, tensors []Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, map[string]string{"format": "pt"}, tensors); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rawSafetensors puts a header of any content before size bytes of data.
func rawSafetensors(header string, size int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, size)...)
}

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolderReadsBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"config.json": `{"hidden_size":3}`, "generation_config.json": `{}`, "model.safetensors": string(safetensors(t, halves())),
	})
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, want := range halves() {
		if diff := cmp.Diff(want, m.Tensors[want.Name]); diff != "" {
			t.Errorf("tensor (-want +got):\n%s", diff)
		}
	}
	if m.Kind != KindSafetensors || m.Path != dir || m.Meta != nil || string(m.Config) != `{"hidden_size":3}` || string(m.Generation) != "{}" {
		t.Errorf("got %+v", m)
	}
	for name, want := range map[string][]float32{"norm": {1, -2}, "bias": {1.5}} {
		v, err := m.Vector(name, len(want))
		if err != nil || v.Type != kernels.F32 || v.Rows != 1 || !bytes.Equal(v.Data, Floats32(want)) {
			t.Errorf("Vector(%q) = %+v, %v; want %v", name, v, err, want)
		}
	}
	if _, err := m.Vector("norm", 3); err == nil || !strings.Contains(err.Error(), `"norm" has shape [2], the config asks for [3]`) {
		t.Errorf("a wrong length: %v", err)
	}
	if _, err := m.Vector("a.weight", 6); err == nil {
		t.Error("a matrix passed for a vector")
	}
	if _, err := m.Matrix("gone", 4, 4); err == nil || !strings.Contains(err.Error(), `"gone" (4 x 4) is missing`) {
		t.Errorf("a missing tensor: %v", err)
	}
	m.Drop()
	if x, err := m.Matrix("a.weight", 2, 3); err != nil || !bytes.Equal(x.Data, halves()[0].Data) {
		t.Errorf("after Drop: %v, %v", x, err)
	}
}

func TestUnalignedTensorsAreCopiedToWhereCCanReadThem(t *testing.T) {
	t.Parallel()
	header := `{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`
	for len(header)%4 != 1 {
		header += " "
	}
	b := rawSafetensors(header, 8)
	copy(b[len(b)-8:], Floats32([]float32{3, 4}))
	m, err := Open(folder(t, map[string]string{"config.json": "{}", "model.safetensors": string(b)}))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	x, err := m.Matrix("x", 1, 2)
	if err != nil || !bytes.Equal(x.Data, Floats32([]float32{3, 4})) {
		t.Fatalf("got %v, %v", x, err)
	}
	if &x.Data[0] == &m.Tensors["x"].Data[0] {
		t.Error("the tensor lies at an odd address and was not copied")
	}
}

func TestSafetensorsRefusesDamagedHeaders(t *testing.T) {
	t.Parallel()
	entry := func(dtype, shape string, begin, end int) string {
		return fmt.Sprintf(`{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, dtype, shape, begin, end)
	}
	ok := entry("F32", "[2]", 0, 8)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"short":              {[]byte{1, 2}, "has 2 bytes"},
		"header length":      {bytes.Repeat([]byte{0xff}, 64), "claims 18446744073709551615 bytes"},
		"truncated header":   {rawSafetensors(`{"a":`+ok+`}`, 0)[:20], "truncated"},
		"not an object":      {rawSafetensors(`[1]`, 8), "does not begin with '{'"},
		"not JSON":           {rawSafetensors(`{"a":`, 8), "not JSON"},
		"two objects":        {rawSafetensors(`{"a":`+ok+`}{}`, 8), "follow the JSON object"},
		"twice":              {rawSafetensors(`{"a":`+ok+`,"a":`+ok+`}`, 8), `"a" is there twice`},
		"dtype twice":        {rawSafetensors(`{"a":{"dtype":"F16","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"dtype" is there twice`},
		"dtype in capitals":  {rawSafetensors(`{"a":{"DTYPE":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), "needs dtype, shape"},
		"type not read":      {rawSafetensors(`{"a":`+entry("I64", "[1]", 0, 8)+`}`, 8), `tensor "a" has type I64`},
		"no shape":           {rawSafetensors(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, 8), "needs dtype, shape"},
		"negative":           {rawSafetensors(`{"a":`+entry("F32", "[-2]", 0, 8)+`}`, 8), "at least 1"},
		"negative offset":    {rawSafetensors(`{"a":`+entry("F32", "[2]", -8, 0)+`}`, 8), `tensor "a"`},
		"zero":               {rawSafetensors(`{"a":`+entry("F32", "[0]", 0, 0)+`}`, 8), "at least 1"},
		"overflow":           {rawSafetensors(`{"a":`+entry("F32", "[281474976710656,281474976710656]", 0, 0)+`}`, 8), "more elements"},
		"dims":               {rawSafetensors(`{"a":`+entry("F32", "[1,1,1,1,2]", 0, 8)+`}`, 8), "5 dimensions"},
		"size":               {rawSafetensors(`{"a":`+entry("F32", "[3]", 0, 8)+`}`, 8), "takes 12 bytes"},
		"backwards":          {rawSafetensors(`{"a":`+entry("F32", "[2]", 8, 0)+`}`, 8), "takes 8 bytes"},
		"overlap":            {rawSafetensors(`{"a":`+ok+`,"b":`+entry("F32", "[2]", 4, 12)+`}`, 12), "overlap"},
		"gap":                {rawSafetensors(`{"a":`+ok+`,"b":`+entry("F32", "[2]", 12, 20)+`}`, 20), `4 bytes before tensor "b"`},
		"truncated data":     {rawSafetensors(`{"a":`+ok+`}`, 7), "truncated: its tensors end at byte"},
		"data nobody claims": {rawSafetensors(`{"a":`+ok+`}`, 9), "but the file has"},
		"no tensors":         {rawSafetensors(`{}`, 0), "no tensors"},
		"metadata":           {rawSafetensors(`{"__metadata__":{"x":1},"a":`+ok+`}`, 8), "__metadata__"},
	} {
		if _, err := parseSafetensors(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
}

func TestShardedFolderOpensAsOneModel(t *testing.T) {
	t.Parallel()
	ts := halves()
	m, err := Open(folder(t, map[string]string{
		"config.json":                      "{}",
		"model-00001-of-00002.safetensors": string(safetensors(t, ts[:1])),
		"model-00002-of-00002.safetensors": string(safetensors(t, ts[1:])),
		"model.safetensors.index.json": `{"metadata":{"total_size":30},"weight_map":{"a.weight":"model-00001-of-00002.safetensors",
			"norm":"model-00002-of-00002.safetensors","bias":"model-00002-of-00002.safetensors"}}`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, want := range ts {
		if diff := cmp.Diff(want, m.Tensors[want.Name]); diff != "" {
			t.Errorf("tensor (-want +got):\n%s", diff)
		}
	}
	if m.Parameters() != 9 || m.Bytes() != 30 {
		t.Errorf("%d parameters in %d bytes, want 9 in 30", m.Parameters(), m.Bytes())
	}
}

func TestFolderRefusesWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	whole := string(safetensors(t, halves()))
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no config":      {map[string]string{"model.safetensors": whole}, "no config.json"},
		"broken config":  {map[string]string{"config.json": "{", "model.safetensors": whole}, "config.json is not valid JSON"},
		"broken sampler": {map[string]string{"config.json": "{}", "generation_config.json": "{", "model.safetensors": whole}, "generation_config.json is not"},
		"no weights":     {map[string]string{"config.json": "{}"}, "neither model.safetensors nor"},
		"pickles":        {map[string]string{"config.json": "{}", "pytorch_model.bin": "x"}, "pickled weights (pytorch_model.bin)"},
		"missing shard":  {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":{"a":"model-1.safetensors"}}`}, "names model-1.safetensors, which is missing"},
		"missing tensor": {map[string]string{"config.json": "{}", "s.safetensors": whole, "model.safetensors.index.json": `{"weight_map":{"zz":"s.safetensors"}}`}, `"zz" is in s.safetensors, but it is not`},
		"same in two": {map[string]string{
			"config.json": "{}", "s.safetensors": whole, "t.safetensors": whole,
			"model.safetensors.index.json": `{"weight_map":{"norm":"s.safetensors","x":"t.safetensors"}}`,
		}, "in another file too"},
		"traversal":   {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":{"a":"../x.safetensors"}}`}, "not a safetensors file beside"},
		"absolute":    {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":{"a":"/etc/x.safetensors"}}`}, "not a safetensors file beside"},
		"not a shard": {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":{"a":"config.json"}}`}, "not a safetensors file beside"},
		"index twice": {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}`}, `"a" is there twice`},
		"empty index": {map[string]string{"config.json": "{}", "model.safetensors.index.json": `{}`}, "no weight_map"},
		"empty shard": {map[string]string{"config.json": "{}", "model.safetensors": ""}, "is empty (0 bytes)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Open(folder(t, c.files))
			if err == nil {
				m.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to say %q", err, c.want)
			}
		})
	}
}

func TestOpenRefusesWhatIsNoModel(t *testing.T) {
	t.Parallel()
	if _, err := Open(filepath.Join(t.TempDir(), "gone.gguf")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Open(writeFile(t, "model.safetensors", safetensors(t, halves()))); err == nil || !strings.Contains(err.Error(), "give that folder") {
		t.Errorf("a bare safetensors file: %v", err)
	}
	if _, err := Open(os.DevNull); err == nil || !strings.Contains(err.Error(), "neither a folder nor a regular file") {
		t.Errorf("a device: %v", err)
	}
}

func TestSHA256IsRememberedUntilTheFileChanges(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := folder(t, map[string]string{"config.json": "{}", "model.safetensors": string(safetensors(t, halves()))})
	sum := func() string {
		t.Helper()
		m, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := m.SHA256()
		if err != nil || len(s) != 64 {
			t.Fatalf("sha256 %q, %v", s, err)
		}
		return s
	}
	first := sum()
	cache, err := os.ReadFile(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "s1", "sha256.json"))
	if err != nil || strings.Count(string(cache), "mtime") != 2 {
		t.Fatalf("cache %s, %v", cache, err)
	}
	config := filepath.Join(dir, "config.json")
	then := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	write := func(content string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(config, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(config, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("{}", then)
	if again := sum(); again != first {
		t.Errorf("equal content: %s, then %s", first, again)
	}
	write("[]", then) // size and time unchanged: only a file that was not read again hashes as before
	if again := sum(); again != first {
		t.Errorf("the file was read again: %s, then %s", first, again)
	}
	write("[]", then.Add(1))
	if again := sum(); again == first {
		t.Error("the time changed and the hash did not")
	}
	write("{} ", then.Add(1))
	changed := sum()
	if changed == first {
		t.Error("the config changed and the hash did not")
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "s1", "sha256.json"), []byte("garbage"), 0o644); err != nil {
		t.Fatal(err)
	}
	if again := sum(); again != changed {
		t.Errorf("with a broken cache %s, want %s", again, changed)
	}
}
