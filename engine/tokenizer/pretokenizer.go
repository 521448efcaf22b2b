package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The pre-tokenizers. A text is cut by one regular expression after the other, each working inside the pieces the ones
// before it left; what lies between two matches is a piece too. The expressions are those of the models' own
// tokenizer.json files, where GGUF gives them a name only.
//
// Only these run: the library's regular expressions backtrack, and end the process when they have done so for too long.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	spaces       = `\s*[\r\n]+|\s+(?!\S)|\s+`

	patternGPT2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	patternDigit  = `\p{N}`
	patternDigits = `\p{N}+`
	patternDigit3 = `\p{N}{1,3}`
	patternThree  = `[0-9][0-9][0-9]`
	patternLlama3 = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + spaces
	patternQwen2  = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + spaces
	patternQwen35 = contractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|` + spaces

	patternPunct   = `[\p{P}\$\+<=>\^~\|` + "`" + `]+`
	patternNewline = `[\r\n]`

	// DeepSeek LLM: cased letters, punctuation of two widths, trailing space, Han and Hangul.
	patternCased    = `\s?[\p{Lu}\p{Ll}\p{Lt}]+`
	patternDSPunct  = `\s?[!-/:-~！-／：-～‘-‟　-。]+`
	patternTrailing = `\s+$`
	patternHan      = `[一-龥ࠀ-一가-퟿]+`
	// DeepSeek Coder.
	patternLetters = `\s?\p{L}+`
	patternPuncts  = `\s?\p{P}+`
	// DeepSeek V3.
	patternKana = `[一-龥぀-ゟ゠-ヿ]+`
	patternDSV3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"

	// GPT-4o and Mistral's Tekken: words by case.
	wordLower     = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
	wordUpper     = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
	patternGPT4o  = wordLower + contractions + `?|` + wordUpper + contractions + `?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + spaces
	patternTekken = wordLower + `|` + wordUpper + `|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + spaces
)

// family is what a GGUF pre-tokenizer name stands for.
type family struct {
	patterns     []string
	normalizer   []string
	ignoreMerges bool
	addBOS       bool // when the file does not say
}

// families by the name in tokenizer.ggml.pre.
var families = map[string]family{
	"gpt-2":            {patterns: []string{patternGPT2}},
	"mpt":              {patterns: []string{patternGPT2}},
	"olmo":             {patterns: []string{patternGPT2}},
	"exaone4":          {patterns: []string{patternGPT2}},
	"smollm":           {patterns: []string{patternDigit, patternGPT2}},
	"starcoder":        {patterns: []string{patternDigit, patternGPT2}},
	"refact":           {patterns: []string{patternDigit, patternGPT2}},
	"command-r":        {patterns: []string{patternDigit, patternGPT2}, normalizer: []string{"NFC"}},
	"falcon":           {patterns: []string{patternPunct, patternGPT2, patternThree}},
	"qwen2":            {patterns: []string{patternQwen2}, normalizer: []string{"NFC"}},
	"deepseek-r1-qwen": {patterns: []string{patternQwen2}, normalizer: []string{"NFC"}},
	"stablelm2":        {patterns: []string{patternQwen2}},
	"qwen35":           {patterns: []string{patternQwen35}}, // the peer's suite keeps decomposed letters apart
	"llama-bpe":        {patterns: []string{patternLlama3}, ignoreMerges: true, addBOS: true},
	"llama3":           {patterns: []string{patternLlama3}, ignoreMerges: true, addBOS: true},
	"llama-v3":         {patterns: []string{patternLlama3}, ignoreMerges: true, addBOS: true},
	"falcon3":          {patterns: []string{patternLlama3}, ignoreMerges: true, addBOS: true},
	"dbrx":             {patterns: []string{patternLlama3}},
	"smaug-bpe":        {patterns: []string{patternLlama3}},
	"deepseek-llm":     {patterns: []string{patternNewline, patternCased, patternDSPunct, patternTrailing, patternHan, patternDigit}},
	"deepseek-coder":   {patterns: []string{patternNewline, patternLetters, patternPuncts, patternHan, patternDigit}},
	"deepseek-v3":      {patterns: []string{patternDigit3, patternKana, patternDSV3}},
	"tekken":           {patterns: []string{patternTekken}, ignoreMerges: true, addBOS: true},
	"gpt-4o":           {patterns: []string{patternGPT4o}},
	"llama4":           {patterns: []string{patternGPT4o}},
}

func familyNamed(pre string) (family, error) {
	f, ok := families[pre]
	if !ok {
		return family{}, fmt.Errorf("pre-tokenizer %q is not known; known are %s",
			pre, strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	}
	return f, nil
}

func knownPattern(re string) bool {
	for _, f := range families {
		if slices.Contains(f.patterns, re) {
			return true
		}
	}
	return re == patternDigits
}

func unknownPattern(re string) error {
	if len(re) > 200 {
		re = re[:200] + "..."
	}
	return fmt.Errorf("pre-tokenizer pattern %q is not known; known are those of %s",
		re, strings.Join(slices.Sorted(maps.Keys(families)), ", "))
}
