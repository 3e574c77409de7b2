package config

import (
	"os"
	"testing"
	"time"
)

func clear(t *testing.T) {
	t.Helper()
	for _, name := range []string{"SHOP_ADDR", "SHOP_REGION", "SHOP_ORDERS", "SHOP_READ_TIMEOUT"} {
		t.Setenv(name, "")
	}
}

func TestDefaults(t *testing.T) {
	clear(t)
	c, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "DE" || c.ReadTimeout != 5*time.Second {
		t.Errorf("defaults are %+v", c)
	}
}

func TestValuesAndRefusals(t *testing.T) {
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"SHOP_ADDR", ":9000", true},
		{"SHOP_ADDR", "nonsense", false},
		{"SHOP_ORDERS", "/var/lib/shop/orders.jsonl", true},
		{"SHOP_ORDERS", "orders.jsonl", false},
		{"SHOP_READ_TIMEOUT", "250ms", true},
		{"SHOP_READ_TIMEOUT", "-1s", false},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			clear(t)
			t.Setenv(test.name, test.value)
			if _, err := FromEnvironment(); (err == nil) != test.ok {
				t.Errorf("error is %v, want ok to be %v", err, test.ok)
			}
		})
	}
}

// The environment the tests were started in: a developer may point them at another region.
func TestRegionOfTheMachine(t *testing.T) {
	region := os.Getenv("SHOP_TEST_REGION")
	if region == "" {
		t.Skip("SHOP_TEST_REGION is not set")
	}
	clear(t)
	t.Setenv("SHOP_REGION", region)
	c, err := FromEnvironment()
	if err != nil || c.Region != region {
		t.Errorf("region is %q, %v; want %q", c.Region, err, region)
	}
}
