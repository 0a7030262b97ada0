package main

import "testing"

func TestQuickSetsFlagsThatThereAre(t *testing.T) {
	flags := benchCommand(nil).Flags()
	if err := flags.Parse([]string{"--rounds", "7"}); err != nil {
		t.Fatal(err)
	}
	if err := setUnlessGiven(flags, quickBench); err != nil {
		t.Error(err)
	}
	if rounds, err := flags.GetInt("rounds"); err != nil || rounds != 7 {
		t.Errorf("what was given is overruled: %d %v", rounds, err)
	}
}
